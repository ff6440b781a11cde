/**
 * The verbs of `buildbot-worker`. Parsing and printing only; what they do is in the files beside. What checks or runs a
 * worker is loaded by the verb that needs it: schemas alone take 130 ms to load, and `status` needs none (2026-11).
 */
import { resolve } from 'node:path';
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { messageOf, UserError } from '@buildbot/shared/errors';
import { nearest } from '@buildbot/shared/text/nearest';
import type { WorkerSettings } from '../config/load.ts';
import { runningPid } from './pid-file.ts';
import type { StartReport } from './run.ts';
import { readStanding, standingText } from './standing.ts';
import { start, stop } from './start-stop.ts';

/** Where output goes, what the process was started with, which program to start in the background. */
export interface Surroundings {
  out: (line: string) => void;
  err: (text: string) => void;
  report: (report: StartReport) => void;
  /** Path of bin/buildbot-worker.js. */
  bin: string;
  cwd: string;
  version: string;
  environment: Readonly<Record<string, string | undefined>>;
}

interface Call {
  basedir: string;
  /** Options given, by name. */
  options: Readonly<Record<string, string | undefined>>;
  /** Names of options without a value that were given. */
  switches: ReadonlySet<string>;
  surroundings: Surroundings;
}

interface Verb {
  usage: string;
  summary: string;
  options: ParseArgsOptionsConfig;
  run: (call: Call) => Promise<number>;
}

function required(options: Call['options'], name: string): string {
  const value = options[name];
  if (value === undefined || value === '') {
    throw new UserError(`--${name} is missing`, { hint: 'see: buildbot-worker create --help' });
  }
  return value;
}

/** Milliseconds; `null` when it was not given. */
async function durationOf(options: Call['options'], name: string): Promise<number | null> {
  const text = options[name];
  if (text === undefined) return null;
  const { parseDuration } = await import('@buildbot/shared');
  const parsed = parseDuration(text);
  if (parsed.ok) return parsed.ms;
  throw new UserError(`--${name}: ${parsed.reason}`);
}

async function passwordOf({ options, surroundings }: Call): Promise<string> {
  const { password, 'password-file': file } = options;
  if ((password === undefined) === (file === undefined)) {
    throw new UserError('give exactly one of --password-file and --password', {
      hint: 'a password in the arguments can be seen by everybody on this machine while the command runs',
    });
  }
  const { passwordFrom } = await import('./create.ts');
  return password ?? passwordFrom(resolve(surroundings.cwd, file ?? ''));
}

async function settingsOf(basedir: string): Promise<WorkerSettings> {
  const { loadSettings } = await import('../config/load.ts');
  return await loadSettings(basedir);
}

const VERBS: Record<string, Verb> = {
  create: {
    usage: 'create BASEDIR --master URL --name NAME (--password-file FILE | --password TEXT)',
    summary: 'make BASEDIR with a commented worker.yaml',
    options: {
      master: { type: 'string' },
      name: { type: 'string' },
      'password-file': { type: 'string' },
      password: { type: 'string' },
    },
    async run(call) {
      const { basedir, options, surroundings } = call;
      const input = { basedir, master: required(options, 'master'), name: required(options, 'name') };
      const { createBasedir } = await import('./create.ts');
      await createBasedir({ ...input, password: await passwordOf(call) });
      surroundings.out(`made ${basedir}; next: buildbot-worker start ${basedir}`);
      return 0;
    },
  },
  checkconfig: {
    usage: 'checkconfig [BASEDIR]',
    summary: 'check worker.yaml: file, line and fix of everything that is wrong',
    options: {},
    async run({ basedir, surroundings }) {
      const { name, masters } = await settingsOf(basedir);
      surroundings.out(`good: worker ${name}, master ${masters.join(', ')}`);
      return 0;
    },
  },
  run: {
    usage: 'run [BASEDIR]',
    summary: 'run in the foreground; prints one ready line, logs to standard error',
    options: {},
    async run({ basedir, surroundings }) {
      const { run } = await import('./run.ts');
      await run({ basedir, ...surroundings });
      return 0;
    },
  },
  start: {
    usage: 'start [BASEDIR]',
    summary: 'run in the background; log in BASEDIR/worker.log',
    options: {},
    async run({ basedir, surroundings }) {
      // What is wrong is said here, and not only in the log of a process that ends at once.
      await settingsOf(basedir);
      surroundings.out(await start(basedir, surroundings.bin));
      return 0;
    },
  },
  stop: {
    usage: 'stop [BASEDIR] [--now] [--timeout 10m]',
    summary: 'end it when no build is left there; --now ends every process of its builds',
    options: { now: { type: 'boolean' }, timeout: { type: 'string' } },
    async run({ basedir, options, switches, surroundings }) {
      const timeoutMs = await durationOf(options, 'timeout');
      const now = switches.has('now');
      const stopped = await stop({ basedir, now, timeoutMs, out: surroundings.out });
      surroundings.out(stopped ? 'stopped' : 'it was not running');
      return 0;
    },
  },
  status: {
    usage: 'status [BASEDIR]',
    summary: 'say whether it runs (exit code 1 when it does not), and whether a master has let it in',
    options: {},
    async run({ basedir, surroundings }) {
      const pid = runningPid(basedir);
      const standing = pid === null ? null : readStanding(basedir, pid);
      const words = [`running with pid ${pid}`, ...(standing === null ? [] : [standingText(standing)])];
      surroundings.out(pid === null ? 'not running' : words.join(', '));
      return pid === null ? 1 : 0;
    },
  },
};

const USAGE = `usage: buildbot-worker COMMAND [BASEDIR]

${Object.entries(VERBS)
  .map(([name, { summary }]) => `  ${name.padEnd(13)}${summary}`)
  .join('\n')}

BASEDIR is the current folder when left out. Each command has --help.`;

const COMMON: ParseArgsOptionsConfig = { help: { type: 'boolean', short: 'h' } };

function findVerb(word: string): Verb {
  const verb = Object.hasOwn(VERBS, word) ? VERBS[word] : undefined;
  if (verb !== undefined) return verb;
  const near = nearest(word, Object.keys(VERBS));
  throw new UserError(`unknown command "${word}"`, {
    hint: near === undefined ? 'see: buildbot-worker --help' : `did you mean "${near}"?`,
  });
}

function parse(args: string[], options: ParseArgsOptionsConfig) {
  try {
    return parseArgs({ args, options: { ...options, ...COMMON }, allowPositionals: true });
  } catch (error) {
    const flag = /'(--?[^'\s]+)/.exec(messageOf(error))?.[1]?.replace(/^-+/, '') ?? '';
    const near = nearest(flag, [...Object.keys(options), 'help']);
    // Node's message goes on with advice for another case.
    throw new UserError(messageOf(error).split('. ')[0] ?? '', {
      hint: near === undefined || near === flag ? 'see: buildbot-worker --help' : `did you mean --${near}?`,
      cause: error,
    });
  }
}

function optionTexts(values: Readonly<Record<string, unknown>>): Record<string, string> {
  const texts = Object.entries(values).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return Object.fromEntries(texts);
}

async function runVerb(verb: Verb, args: string[], surroundings: Surroundings): Promise<number> {
  const { values, positionals } = parse(args, verb.options);
  if (values.help === true) {
    surroundings.out(`usage: buildbot-worker ${verb.usage}\n\n${verb.summary}`);
    return 0;
  }
  const [folder, extra] = positionals;
  if (extra !== undefined)
    throw new UserError(`unexpected argument "${extra}"`, { hint: `usage: ${verb.usage}` });
  if (folder === undefined && verb === VERBS.create)
    throw new UserError('BASEDIR is missing', { hint: verb.usage });
  const basedir = resolve(surroundings.cwd, folder ?? '.');
  const switches = new Set(Object.keys(values).filter((name) => values[name] === true));
  return verb.run({ basedir, options: optionTexts(values), switches, surroundings });
}

/** Run one command line (without program name); the result is the exit code: 0 good, 1 no, 2 usage. */
export async function main(argv: string[], surroundings: Surroundings): Promise<number> {
  const [word, ...args] = argv;
  if (word === '--version') surroundings.out(`buildbot-worker ${surroundings.version}`);
  else if (word === undefined || word === '--help' || word === '-h' || word === 'help')
    surroundings.out(USAGE);
  else return runVerb(findVerb(word), args, surroundings);
  return word === undefined ? 2 : 0;
}
