/** The completion scripts in the shells they are for: loaded as a person would, and asked with the Tab key. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { program, runOk } from '../support/processes.ts';
import { type PtyScreen, ptyScreen } from '../support/pty-screen.ts';

/** Each without anybody's own configuration, and with a prompt that nothing else prints. */
const SHELLS = {
  bash: { argv: ['bash', '--noprofile', '--norc', '-i'], prompt: "PS1='ready> '" },
  zsh: { argv: ['zsh', '-f', '-i'], prompt: "PS1='ready> '" },
  fish: {
    argv: ['fish', '--no-config', '-i'],
    prompt: "function fish_prompt; echo 'ready> '; end; function fish_greeting; end",
  },
} as const;

type ShellName = keyof typeof SHELLS;

/** A shell that has loaded its script, from a path that needs quotes. */
async function setup(name: ShellName): Promise<PtyScreen> {
  const home = await mkdtemp(join(tmpdir(), "completion o'neill "));
  const cache = join(home, '.cache', 'buildbot');
  await mkdir(cache, { recursive: true });
  await writeFile(join(cache, 'builders'), 'quick\nwindows-10\n');
  const env = { PATH: process.env.PATH, HOME: home, XDG_CACHE_HOME: join(home, '.cache'), LANG: 'C.UTF-8' };
  const script = await runOk(program('cli', 'completion', name), { env });
  await writeFile(join(home, 'script'), script);
  const { argv, prompt } = SHELLS[name];
  const screen = ptyScreen(argv, { cwd: home, env, columns: 100, rows: 30 });
  onTestFinished(async () => {
    screen.kill('SIGKILL');
    await screen.exited;
    await rm(home, { recursive: true, maxRetries: 5 });
  });
  screen.type(`${prompt}\r`);
  await screen.shows(/^ready> ?$/m);
  screen.type(`source ./script && echo load''ed\r`);
  await screen.shows(/^loaded$/m);
  return screen;
}

test.each(Object.keys(SHELLS) as ShellName[])(
  'a real %s completes commands, flags and the names of builders',
  async (name) => {
    const screen = await setup(name);
    expect(await screen.text()).not.toMatch(/error|not found|command not/i);
    for (const [typed, whole] of [
      ['buildbot comp', 'buildbot completion'],
      ['buildbot log --fol', 'buildbot log --follow'],
      ['buildbot try --builder qu', 'buildbot try --builder quick'],
      ['buildbot try -b win', 'buildbot try -b windows-10'],
    ] as const) {
      screen.type(`${typed}\t`);
      await screen.shows(`${whole} `);
      // Takes the line away.
      screen.type('\x15');
    }
  },
);
