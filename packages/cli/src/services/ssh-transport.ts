/** The SSH transport with its questions put to the person at the terminal, if there is one. Loaded when needed. */
import { createInterface } from 'node:readline';
import { sanitizeName } from '@buildbot/shared';
import type { SshInteraction } from '../ssh/interaction.ts';
import type { SshTransport } from '../ssh/port.ts';
import { Interrupted } from './intents.ts';
import type { Runtime } from './runtime.ts';

export interface TransportWishes {
  sshCommand?: string | undefined;
  configFile?: string | undefined;
}

export async function loadTransport(wishes: TransportWishes, runtime: Runtime): Promise<SshTransport> {
  const { createSshTransport } = await import('../ssh/transport.ts');
  return createSshTransport({ env: runtime.environment.env, interaction: interactionOf(runtime), ...wishes });
}

/**
 * The questions go to standard error, so that standard output stays what was asked for. Ctrl-C at the one about a
 * host throws `Interrupted`; the end of input is a no.
 */
export function interactionOf({ stdin, stderr, isInteractive, terminal }: Runtime): SshInteraction {
  const note = (text: string) => void stderr.write(`${text}\n`);
  if (!isInteractive) return { note };
  return {
    note,
    askHost: ({ host, fingerprint, keyType, warnings }) =>
      terminal.ask(async () => {
        for (const warning of warnings) note(sanitizeName(warning));
        note(`The host ${sanitizeName(host)} is not known.`);
        note(`Its ${sanitizeName(keyType)} key is ${sanitizeName(fingerprint)}`);
        const answer = await ask({ stdin, stderr }, 'Trust it and remember it (yes/no)? ');
        return answer.trim().toLowerCase() === 'yes';
      }),
    askPassphrase: (keyFile) =>
      terminal.ask(async () => {
        const question = `Passphrase for ${sanitizeName(keyFile)} (empty skips this key): `;
        const answer = await askHidden({ stdin, stderr }, question);
        return answer === '' ? null : answer;
      }),
  };
}

type Terminal = Pick<Runtime, 'stdin' | 'stderr'>;

/** Empty at the end of input. @throws Interrupted */
function ask({ stdin, stderr }: Terminal, question: string): Promise<string> {
  const lines = createInterface({ input: stdin, output: stderr });
  return new Promise((resolve, reject) => {
    const withoutAnswer = () => {
      // The cursor still stands behind the question, and whatever is drawn next would rub it out.
      stderr.write('\n');
      resolve('');
    };
    lines.once('close', withoutAnswer);
    lines.once('SIGINT', () => {
      reject(new Interrupted('interrupted, nothing was sent'));
      lines.close();
    });
    lines.question(question, (answer) => {
      lines.off('close', withoutAnswer);
      lines.close();
      resolve(answer);
    });
  });
}

/** Reads one line without showing it. Ctrl-C and end of file give an empty answer. */
function askHidden({ stdin, stderr }: Terminal, question: string): Promise<string> {
  stderr.write(question);
  stdin.setRawMode(true);
  stdin.resume();
  return new Promise((resolve) => {
    let typed = '';
    const finish = (answer: string) => {
      stdin.off('data', onData);
      stdin.setRawMode(false);
      stdin.pause();
      stderr.write('\n');
      resolve(answer);
    };
    const onData = (bytes: Buffer) => {
      for (const character of bytes.toString('utf8')) {
        if (character === '\r' || character === '\n') return finish(typed);
        if (character === '\x03' || character === '\x04') return finish('');
        typed = character === '\x7f' || character === '\b' ? typed.slice(0, -1) : typed + character;
      }
    };
    stdin.on('data', onData);
  });
}
