/**
 * The verbs of `buildbot-master`. Parsing and printing only; what they do is in the files beside, each loaded by the verb
 * that needs it: the whole master takes 300 ms to load, and `status` needs none of it (2026-11).
 */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { MasterConfig } from '@buildbot/shared';
import { messageOf, UserError } from '@buildbot/shared/errors';
import { nearest } from '@buildbot/shared/text/nearest';
import { counted } from './counted.ts';
import { runningPid } from './pid-file.ts';
import { pidFile, start, stop } from './start-stop.ts';

const USAGE = `usage: buildbot-master COMMAND BASEDIR

  create       make BASEDIR with a commented master.yaml
  checkconfig  check the configuration: file, line and fix of everything that is wrong
  run          run in the foreground; prints one ready line
  start        run in the background; log in BASEDIR/master.log
  stop         end it within seconds; what is queued is kept, and builds run on at the workers
  restart      stop, then start: builds that run go on
  reconfig     take a changed configuration over, without a restart
  status       say whether it runs (exit code 1 when it does not)
  upgrade      bring the database to this version's schema, keeping a copy of the old one
  token        make, list or revoke a token of a running master: token add|list|revoke BASEDIR

BASEDIR is the current folder when left out.

  --graceful   with stop and restart: start nothing more, and first wait for the builds that run
  --checks     with status: a line for the master, the queue and each worker, as passive check results

token add BASEDIR --name WHAT-FOR --user USER [--scope read,control,admin] [--group GROUP]… [--expires 90d|never]
token list BASEDIR
token revoke BASEDIR NUMBER`;

/** Where output goes and which program to start in the background. */
export interface Environment {
  out(line: string): void;
  /** For the person who looks on, beside what a script reads. */
  note(line: string): void;
  /** Path of bin/buildbot-master.js. */
  bin: string;
  cwd: string;
  version: string;
  /** End this process now, whatever still keeps it. */
  exit(code: number): void;
}

interface Options {
  graceful: boolean;
  checks: boolean;
}

type Verb = (basedir: string, environment: Environment, options: Options) => Promise<number>;

/** Verbs that an option means something to. */
const VERBS_OF_OPTION: Readonly<Record<string, readonly string[]>> = {
  graceful: ['stop', 'restart'],
  checks: ['status'],
};

const VERBS: Record<string, Verb> = {
  async create(basedir, { out }) {
    const { createBasedir } = await import('./create.ts');
    await createBasedir(basedir);
    out(`made ${basedir}: edit master.yaml, then: buildbot-master start ${basedir}`);
    return 0;
  },
  async checkconfig(basedir, { out }) {
    const { builders, workers, schedulers, www } = await configOf(basedir);
    await checkPasswords(basedir, www.auth.htpasswd);
    await checkPages(basedir, www.ui);
    const parts = [
      counted(builders, 'builder'),
      counted(workers, 'worker'),
      counted(schedulers, 'scheduler'),
    ];
    out(`good: ${parts.join(', ')}`);
    return 0;
  },
  async run(basedir, { exit }) {
    const { run } = await import('./run.ts');
    if (!(await run(basedir))) exit(0);
    return 0;
  },
  async start(basedir, { out, bin }) {
    out(await start(basedir, bin));
    return 0;
  },
  async stop(basedir, { out }, options) {
    if (options.graceful) await tellWaiting(basedir, out);
    out((await stop(basedir, options)) ? 'stopped' : 'it was not running');
    return 0;
  },
  async restart(basedir, { out, bin }, options) {
    if (options.graceful) await tellWaiting(basedir, out);
    await stop(basedir, options);
    out(await start(basedir, bin));
    return 0;
  },
  async reconfig(basedir, { out }) {
    // What is wrong is said here, by file, line and fix, before the master is asked at all.
    const [{ reconfigure }] = await Promise.all([import('./reconfig.ts'), configOf(basedir)]);
    for (const line of await reconfigure(basedir)) out(line);
    return 0;
  },
  async status(basedir, { out }, { checks }) {
    if (checks) return await (await import('./checks.ts')).printChecks(basedir, out);
    const pid = await runningPid(pidFile(basedir));
    if (pid === null) {
      out('not running');
      return 1;
    }
    const { standing, stoppingText } = await import('./draining.ts');
    out(`running with pid ${pid}${stoppingText(await standing(basedir))}`);
    return 0;
  },
  async upgrade(basedir, { out }) {
    const [config, { upgradeDatabase }] = await Promise.all([configOf(basedir), import('./upgrade.ts')]);
    out(await upgradeDatabase(basedir, config.database.url));
    return 0;
  },
};

/** Before the signal: it may take as long as the builds do. */
async function tellWaiting(basedir: string, out: (line: string) => void): Promise<void> {
  if ((await runningPid(pidFile(basedir))) === null) return;
  const { standing, waitingText } = await import('./draining.ts');
  const status = await standing(basedir);
  if (status === null || status.builds.length > 0) out(waitingText(status));
}

/** What the master would find out only when somebody logs in. */
async function checkPasswords(basedir: string, file: string | undefined): Promise<void> {
  if (file === undefined) return;
  const { Htpasswd } = await import('../api/auth/passwords/htpasswd.ts');
  await new Htpasswd(resolve(basedir, file)).refresh();
}

/** What the master would find out only when somebody looks at the pages. */
async function checkPages(basedir: string, folder: string | undefined): Promise<void> {
  if (folder === undefined) return;
  const { readPage } = await import('../api/pages/page-file.ts');
  if ((await readPage(resolve(basedir, folder), ['index.html'])) !== null) return;
  const hint = "it is the folder with the built files, index.html and assets, of Buildbot's web UI";
  throw new UserError(`www.ui: there is no index.html in ${resolve(basedir, folder)}`, { hint });
}

async function configOf(basedir: string): Promise<MasterConfig> {
  const [{ findConfig }, { loadConfig }, { checkStep }] = await Promise.all([
    import('../config/find.ts'),
    import('../config/load.ts'),
    import('../builds/steps/registry.ts'),
  ]);
  return loadConfig(await findConfig(basedir), checkStep);
}

/** Run one command line (without program name); the result is the exit code. */
export async function main(argv: string[], environment: Environment): Promise<number> {
  if (argv[0] === 'token')
    return await (await import('./token-command.ts')).tokenCommand(argv.slice(1), environment);
  const { values, positionals } = parse(argv);
  const [verb, folder, ...rest] = positionals;
  if (values.version) environment.out(`buildbot-master ${environment.version}`);
  else if (values.help || verb === undefined || verb === 'help') environment.out(USAGE);
  else {
    const action = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
    if (action === undefined) {
      const near = nearest(verb, Object.keys(VERBS));
      throw new UserError(`unknown command "${verb}"`, {
        hint: near === undefined ? 'see: buildbot-master --help' : `did you mean "${near}"?`,
      });
    }
    if (rest.length > 0) throw new UserError(`unexpected argument "${rest[0]}"`, { hint: USAGE });
    const { graceful = false, checks = false } = values;
    for (const [option, isGiven] of Object.entries({ graceful, checks }))
      if (isGiven && !VERBS_OF_OPTION[option]?.includes(verb))
        throw new UserError(`${verb} has no --${option}`, { hint: USAGE });
    return action(resolve(environment.cwd, folder ?? '.'), environment, { graceful, checks });
  }
  return verb === undefined && !values.help && !values.version ? 2 : 0;
}

function parse(argv: string[]) {
  try {
    return parseArgs({
      args: argv,
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean' },
        graceful: { type: 'boolean' },
        checks: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new UserError(messageOf(error), { hint: 'see: buildbot-master --help' });
  }
}
