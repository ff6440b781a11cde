/** `buildbot-master reconfig`: tells the running master of a changed configuration and waits for its answer. */
import { ExternalError, messageOf, UserError } from '@buildbot/shared/errors';
import { askMaster, type Question } from './master-socket.ts';
import { runningPid } from './pid-file.ts';
import { pidFile } from './start-stop.ts';

/** Evaluating a configuration written as code may take 20 s, and one that is being written is waited for. Milliseconds. */
const ANSWER_MS = 60_000;

interface Answer {
  result?: { changes: string; needs_restart: string[] };
  error?: { code: number; message: unknown };
}

/** The lines that say what was taken over. A refusal is a `UserError`: everything is as it was. */
export async function reconfigure(basedir: string): Promise<string[]> {
  if ((await runningPid(pidFile(basedir))) === null) {
    const hint = `start it with: buildbot-master start ${basedir}`;
    throw new ExternalError('buildbot-master', `no master runs in ${basedir}`, { hint });
  }
  const [master] = (
    (await ask(basedir, { path: '/masters?active=true' })) as { masters: { masterid: number }[] }
  ).masters;
  const body = { jsonrpc: '2.0', id: 1, method: 'reconfig', params: {} };
  const path = `/masters/${master?.masterid}`;
  const answer = (await ask(basedir, { path, body, timeoutMs: ANSWER_MS })) as Answer;
  if (answer.result !== undefined) return describe(answer.result);
  throw new UserError(`the master keeps its configuration: ${answer.error?.message}`, {
    hint: 'nothing was changed',
  });
}

async function ask(basedir: string, question: Question): Promise<unknown> {
  try {
    return await askMaster(basedir, question);
  } catch (error) {
    throw new ExternalError('buildbot-master', `the master does not answer: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function describe({ changes, needs_restart: keys }: NonNullable<Answer['result']>): string[] {
  const taken = changes === '' ? 'nothing to take over' : `taken over: ${changes}`;
  return keys.length === 0 ? [taken] : [taken, `waits for a restart: ${keys.join(', ')}`];
}
