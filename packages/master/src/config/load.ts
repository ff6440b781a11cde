/**
 * Read a master's configuration: `master.yaml`, or `master.config.ts` (any of `.ts .mts .js .mjs`), which is evaluated in
 * a process of its own so that an endless loop or an exit in it harms nobody.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type MasterConfig, messageOf, UserError } from '@buildbot/shared';
import { ConfigError, type ConfigProblem } from './problem.ts';
import { type StepCheck, validate } from './validate.ts';
import { readYaml } from './yaml-source.ts';

const EVALUATION_TIMEOUT_MS = 20_000;

/** Read and check one configuration file; everything wrong with it is one `ConfigError`. */
export async function loadConfig(file: string, checkStep: StepCheck): Promise<MasterConfig> {
  const outcome =
    file.endsWith('.yaml') || file.endsWith('.yml')
      ? await fromYaml(file, checkStep)
      : await fromCode(file, checkStep);
  if ('problems' in outcome) throw new ConfigError(outcome.problems);
  return outcome.config;
}

type Outcome = { config: MasterConfig } | { problems: ConfigProblem[] };

async function fromYaml(file: string, checkStep: StepCheck): Promise<Outcome> {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file));
  } catch (error) {
    throw new UserError(`cannot read ${file}: ${messageOf(error)}`, { cause: error });
  }
  const name = basename(file);
  const read = readYaml(text, name);
  if ('problems' in read) return read;
  return validate(read.source.data, { file: name, source: read.source }, checkStep);
}

async function fromCode(file: string, checkStep: StepCheck): Promise<Outcome> {
  const evaluator = fileURLToPath(
    new URL(`./evaluate${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url),
  );
  const name = basename(file);
  const options = {
    timeout: EVALUATION_TIMEOUT_MS,
    killSignal: 'SIGKILL',
    maxBuffer: 4 * 1024 * 1024,
  } as const;
  let output: string;
  try {
    // The condition lets a configuration in a clone of this repository import the sources without a build.
    const conditions = import.meta.url.endsWith('.ts') ? ['--conditions=source'] : [];
    const argv = [...conditions, '--disable-warning=ExperimentalWarning', evaluator, file];
    output = (await promisify(execFile)(process.execPath, argv, options)).stdout;
  } catch (error) {
    const { killed, stderr } = error as { killed?: boolean; stderr?: string };
    const reason = killed
      ? `took longer than ${EVALUATION_TIMEOUT_MS / 1000} s`
      : stderr?.trim() || messageOf(error);
    return { problems: [{ file: name, line: null, column: null, path: '', message: reason, hint: null }] };
  }
  // The program may print what it likes: only the last line is ours.
  const last = output.trimEnd().split('\n').at(-1) ?? '';
  try {
    return validate(JSON.parse(last), { file: name, source: null }, checkStep);
  } catch {
    const message = 'it ended before its configuration was read';
    return {
      problems: [
        { file: name, line: null, column: null, path: '', message, hint: 'does it call process.exit()?' },
      ],
    };
  }
}
