/**
 * Read a master's configuration: `master.yaml`, or `master.config.ts` (any of `.ts .mts .js .mjs`), which is evaluated in
 * a process of its own so that an endless loop or an exit in it harms nobody.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  ConfigError,
  type FileProblem,
  type MasterConfig,
  messageOf,
  readYaml,
  UserError,
} from '@buildbot/shared';
import { codePlaces } from './code-places.ts';
import { explainFailure } from './evaluation-failure.ts';
import { type StepCheck, validate } from './validate.ts';

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

type Outcome = { config: MasterConfig } | { problems: FileProblem[] };

async function fromYaml(file: string, checkStep: StepCheck): Promise<Outcome> {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file));
  } catch (error) {
    throw new UserError(`cannot read ${file}: ${messageOf(error)}`, { cause: error });
  }
  const name = basename(file);
  const read = await readYaml(text, name);
  if ('problems' in read) return read;
  return validate(read.source.data, { file: name, source: read.source }, checkStep);
}

async function fromCode(file: string, checkStep: StepCheck): Promise<Outcome> {
  const evaluated = await evaluate(file);
  if ('problem' in evaluated) return { problems: [evaluated.problem] };
  // The program may print what it likes: only the last line is ours.
  const read = jsonOf(evaluated.output.trimEnd().split('\n').at(-1) ?? '');
  if (read !== null) {
    const source = codePlaces(await readFile(file, 'utf8'));
    return validate(read.data, { file: basename(file), source }, checkStep);
  }
  const message = 'it ended before its configuration was read';
  return { problems: [problemOf(file, message, 'does it call process.exit()?')] };
}

async function evaluate(file: string): Promise<{ output: string } | { problem: FileProblem }> {
  const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
  const evaluator = fileURLToPath(new URL(`./evaluate${extension}`, import.meta.url));
  // The condition lets a configuration in a clone of this repository import the sources without a build.
  const conditions = extension === '.ts' ? ['--conditions=source'] : [];
  const argv = [...conditions, '--disable-warning=ExperimentalWarning', evaluator, file];
  try {
    const { stdout } = await promisify(execFile)(process.execPath, argv, {
      timeout: EVALUATION_TIMEOUT_MS,
      killSignal: 'SIGKILL',
      maxBuffer: 4 * 1024 * 1024,
    });
    return { output: stdout };
  } catch (error) {
    const { killed, stderr } = error as { killed?: boolean; stderr?: string };
    if (killed) return { problem: problemOf(file, `took longer than ${EVALUATION_TIMEOUT_MS / 1000} s`) };
    if (stderr?.trim()) return { problem: explainFailure(file, stderr) };
    return { problem: problemOf(file, messageOf(error)) };
  }
}

function jsonOf(text: string): { data: unknown } | null {
  try {
    return { data: JSON.parse(text) };
  } catch {
    return null;
  }
}

function problemOf(file: string, message: string, hint: string | null = null): FileProblem {
  return { file: basename(file), line: null, column: null, path: '', message, hint };
}
