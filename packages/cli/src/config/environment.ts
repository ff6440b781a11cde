/** What the process's environment says about output and folders: the only room of the CLI that reads it. */
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseDuration, sanitizeName, UserError } from '@buildbot/shared';

export interface Environment {
  /** Of the process, for programs that are run. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder of the user's own configuration of Buildbot. */
  readonly configDir: string;
  /** Folder for what can be made again. */
  readonly cacheDir: string;
  /** Folder for what a program remembers from one time to the next. */
  readonly stateDir: string;
  readonly tmpdir: string;
  /** Colours may be used on a terminal (https://no-color.org). */
  readonly allowsColour: boolean;
  /** Colours are wanted even where no terminal is (https://force-color.org); counts more than `NO_COLOR`, as in Node. */
  readonly forcesColour: boolean;
  /** Runs in continuous integration, or on a terminal that cannot move its cursor: lines only. */
  readonly wantsPlain: boolean;
  /** Somebody hears what is written: states in words. */
  readonly isAccessible: boolean;
  /** How often something is to be heard on a link, as `BUILDBOT_HEARTBEAT` has it. Milliseconds; default: 15 s. */
  readonly heartbeatMs: number | undefined;
  /** File with a token for the API, as `BUILDBOT_TOKEN_FILE` names it. */
  readonly tokenFile: string | undefined;
}

export function readEnvironment(
  env: Readonly<Record<string, string | undefined>> = process.env,
): Environment {
  const home = env.HOME || homedir();
  const isSet = (name: string) =>
    env[name] !== undefined && env[name] !== '' && env[name] !== '0' && env[name] !== 'false';
  const isDumb = env.TERM === 'dumb';
  const forcesColour = isSet('FORCE_COLOR');
  const refusesColour = (env.NO_COLOR ?? '') !== '' || isDumb || (env.FORCE_COLOR ?? '') !== '';
  return {
    env,
    configDir: join(env.XDG_CONFIG_HOME || join(home, '.config'), 'buildbot'),
    cacheDir: join(env.XDG_CACHE_HOME || join(home, '.cache'), 'buildbot'),
    stateDir: join(env.XDG_STATE_HOME || join(home, '.local', 'state'), 'buildbot'),
    tmpdir: tmpdir(),
    allowsColour: forcesColour || !refusesColour,
    forcesColour,
    wantsPlain: isSet('CI') || isDumb || isSet('ACCESSIBLE'),
    isAccessible: isSet('ACCESSIBLE'),
    heartbeatMs: heartbeatOf(env.BUILDBOT_HEARTBEAT),
    tokenFile: env.BUILDBOT_TOKEN_FILE || undefined,
  };
}

/** @throws UserError for what is no duration */
function heartbeatOf(text = ''): number | undefined {
  if (text === '') return undefined;
  const parsed = parseDuration(text);
  if (parsed.ok && parsed.ms > 0) return parsed.ms;
  throw new UserError(`BUILDBOT_HEARTBEAT: '${sanitizeName(text, { maxLength: 80 })}' is not how often`, {
    hint: 'Expected a duration, for example 15s.',
  });
}
