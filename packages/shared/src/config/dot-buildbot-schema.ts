/**
 * What a `.buildbot` file may say: every key once, with its meaning and default. A source tree may say where the master is
 * and what to build; it never names a program, key or proxy (reliability.md class 11), and every text that
 * reaches an SSH command line is held to characters that mean nothing to a shell.
 */

import * as z from 'zod';
import { MAX_PRIORITY } from '../model/entities.ts';
import { FORBIDDEN_NAMES, RESERVED_PROPERTIES } from '../model/property.ts';
import { durationSchema } from '../text/duration-schema.ts';
import { isPrintableLine } from '../text/visible.ts';

/** What `.meta()` holds for each key, for reference pages and `.buildbot.example`. */
export interface DotBuildbotKeyMeta {
  description: string;
  /** What counts when neither a flag nor a file says anything, in words. */
  defaultText: string;
  /** A value as it stands in the file. */
  example: string;
}

const meta = (
  description: string,
  defaultText: string,
  example: string,
): DotBuildbotKeyMeta & z.GlobalMeta => ({
  description,
  defaultText,
  example,
});

const line = z.string('expected a text').min(1, 'must not be empty').max(1024, 'longer than 1024 characters');
const printable = line.refine(isPrintableLine, 'holds a control or invisible character');
const flag = z.boolean('expected true or false');

/** The characters of a path that neither a shell nor another host's ssh takes for anything else. */
const REMOTE_PATH = /^[A-Za-z0-9._~/@%+=:,][A-Za-z0-9._~/@%+=:,-]*$/;

/** A path in the tree, taken as it is: whoever expects a shell's `~` or `$HOME` is told. */
const treePath = printable
  .refine(
    (path) => !/^~|\$/.test(path),
    "'~' and '$' are not expanded here: write a path relative to this file",
  )
  .refine((path) => !/^[\\/]|^[A-Za-z]:/.test(path), 'must be relative to this file')
  .refine((path) => !path.split(/[\\/]/).includes('..'), "must not leave the tree by '..'");

const builderName = printable.max(200, 'longer than 200 characters');

const properties = z
  .record(
    z.string(),
    z.union([z.string(), z.number(), z.boolean()]).transform(String),
    'expected names with values',
  )
  .superRefine((all, context) => {
    for (const name of Object.keys(all)) {
      const isReserved = RESERVED_PROPERTIES.has(name) || FORBIDDEN_NAMES.has(name);
      if (isReserved) context.addIssue(`the property '${name}' is set by the build and cannot be given`);
      else if (name === '' || !isPrintableLine(name)) context.addIssue('a property needs a printable name');
    }
  });

const builderNames = z.union(
  [builderName.transform((name) => [name]), z.array(builderName).max(1000)],
  'expected a list of names',
);

const presets = z
  .record(
    z.string(),
    z.strictObject({ builders: builderNames, properties }).partial(),
    'expected names, each with builders and properties',
  )
  .superRefine((all, context) => {
    const bad = Object.keys(all).find((name) => !/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name));
    if (bad !== undefined)
      context.addIssue('the name of a preset has up to 64 letters, digits and . _ - only');
  });

/** True for `http://…` and `https://…` without a user or password, and for `unix:` with an absolute path. */
function isApi(text: string): boolean {
  if (text.startsWith('unix:')) return text.startsWith('unix:/');
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
}

export const dotBuildbotSchema = z
  .strictObject({
    connect: z
      .enum(['ssh'], {
        error: (issue) => (issue.input === 'pb' ? "'pb' is not spoken here: use ssh" : 'expected ssh'),
      })
      .meta(meta('How to reach the master: over SSH.', 'ssh', 'ssh')),
    host: line
      .regex(
        /^[A-Za-z0-9._:][A-Za-z0-9._:-]*$/,
        'expected a host name or address, without user, port or options',
      )
      .meta(
        meta(
          'Host of the try directory, or its name in your SSH configuration.',
          'none',
          'build.example.org',
        ),
      ),
    port: z
      .int('expected a whole number')
      .min(1, 'expected 1 to 65535')
      .max(65_535, 'expected 1 to 65535')
      .meta(meta('Port of the SSH server.', "your SSH configuration's, else 22", '22')),
    username: line
      .regex(/^[A-Za-z0-9._@+\\][A-Za-z0-9._@+\\-]*$/, 'expected the name of an account')
      .meta(meta('Account on the host.', "your SSH configuration's, else your own name", 'try')),
    jobdir: line
      .regex(REMOTE_PATH, 'expected a path of letters, digits and . _ ~ / @ % + = : , - only')
      .meta(
        meta(
          'Try directory on the host.',
          'none; a key with a forced command needs none',
          '/var/lib/buildbot/try',
        ),
      ),
    buildbotbin: line
      .regex(REMOTE_PATH, 'expected a path of letters, digits and . _ ~ / @ % + = : , - only')
      .regex(/(?:^|\/)buildbot[^/]*$/, "the program's own name must begin with buildbot")
      .meta(meta('The buildbot program on the host.', 'buildbot', '/opt/buildbot/bin/buildbot')),
    api: printable
      .refine(isApi, 'expected http://HOST:PORT, https://… or unix:/PATH, without a password')
      .meta(
        meta(
          'API of the master, for commands that follow it.',
          'through the SSH connection',
          'http://127.0.0.1:8010',
        ),
      ),
    vc: z
      .enum(
        ['git', 'hg', 'svn', 'bzr', 'darcs', 'cvs', 'p4', 'mtn'],
        'expected git, hg, svn, bzr, darcs, cvs, p4 or mtn',
      )
      .meta(meta('Version control system of the working copy.', 'the one found', 'git')),
    branch: printable
      .refine((name) => !name.startsWith('-'), "must not begin with '-'")
      .meta(meta('Branch to compare with and to build.', 'the upstream of the current branch', 'main')),
    repository: printable.meta(
      meta('Repository to name in the job.', 'the URL of the remote', 'https://example.org/p.git'),
    ),
    builders: builderNames.meta(
      meta('Builders to try on.', 'all that the server allows', '[linux, windows]'),
    ),
    properties: properties.meta(
      meta('Properties of the builds: names with values.', 'none', '{ verbose: "1" }'),
    ),
    presets: presets.meta(
      meta(
        'Builders and properties under a name, for `try --preset`.',
        'none',
        '{ quick: { builders: [linux], properties: { tests: smoke } } }',
      ),
    ),
    topdir: treePath.meta(
      meta('Top folder of the working copy, relative to this file.', 'where it is found', 'src'),
    ),
    topfile: printable
      .refine((name) => !/[\\/]/.test(name) && name !== '..', 'expected the name of a file, without a folder')
      .meta(meta('A file that marks the top folder, looked for upwards.', 'none', 'Makefile')),
    wait: flag.meta(meta('Wait for the result and show it live.', 'true', 'true')),
    quiet: flag.meta(meta('Say only how it ended.', 'false', 'false')),
    who: printable.meta(
      meta(
        'Who made the change: shown as author, never trusted.',
        'your VCS name and address',
        'Jane <jane@example.org>',
      ),
    ),
    comment: printable.meta(meta('A comment that goes with each job.', 'none', 'from my laptop')),
    untracked: flag.meta(
      meta('Send files that are not under version control and not ignored.', 'true', 'true'),
    ),
    priority: z
      .number()
      .int()
      .min(-MAX_PRIORITY)
      .max(MAX_PRIORITY)
      .meta(
        meta('How urgent a try is, as far as the server allows; higher is sooner.', "the server's", '-1'),
      ),
    timeout: durationSchema.meta(meta('Stop waiting after this long; the builds go on.', 'never', '1h30m')),
    reconnect: durationSchema.meta(
      meta('Try this long to reach a master that was lost, then detach; the builds go on.', '10m', '30m'),
    ),
    local: treePath
      .regex(/\.(?:ya?ml|json|[cm]?[jt]s)$/, 'expected a .yaml, .json, .ts or .js file')
      .meta(
        meta(
          'Configuration of the master that `try --local` runs, relative to this file.',
          'none',
          'ci/master.yaml',
        ),
      ),
  })
  .partial();

/** The settings of a `.buildbot`; what it does not say is absent. `timeout` is in milliseconds. */
export type DotBuildbot = z.output<typeof dotBuildbotSchema>;
export type DotBuildbotKey = keyof DotBuildbot;

/** What only the user's own configuration may say, besides all of the above: it names programs and files. */
export const userSettingsSchema = dotBuildbotSchema.extend({
  ssh: printable
    .meta(meta('SSH program to use in place of the built-in client.', 'the built-in client', 'ssh -v'))
    .optional(),
  sshConfig: printable
    .meta(meta('SSH configuration file to read.', '~/.ssh/config', '~/.ssh/work'))
    .optional(),
  tokenFile: printable
    .meta(meta('File with a token for the API, readable by you only.', 'none', '/home/me/.buildbot-token'))
    .optional(),
});

/** The settings of the user's own configuration. */
export type UserSettings = z.output<typeof userSettingsSchema>;

/** Buildbot's older and other names, without `try_`. */
export const DOT_BUILDBOT_ALIASES: ReadonlyMap<string, DotBuildbotKey> = new Map([
  ['dir', 'jobdir'],
  ['builder', 'builders'],
]);

/** A key that is refused in a source tree: what it would decide, and where it belongs. */
export interface RefusedKey {
  /** Of the key in lower case without `try_`, `-` and `_`. */
  pattern: RegExp;
  reason: string;
  hint: string;
  /** What to do about it in the user's own configuration, which has no such key either, where that is something else. */
  ownHint?: string;
}

const OWN_CONFIGURATION = '~/.config/buildbot/config.yaml';

/** In this order; the first that fits counts. */
export const REFUSED_KEYS: readonly RefusedKey[] = [
  {
    pattern: /passw|^token$|secret/,
    reason: 'a password does not belong into a source tree, and SSH needs none',
    hint: 'Remove it; access is by SSH key.',
  },
  {
    pattern: /^tokenfile$/,
    reason: 'a file in a source tree may not choose a token',
    hint: `Give it as a flag (--token-file), or write it into your own ${OWN_CONFIGURATION}.`,
  },
  {
    pattern: /proxy|^jump/,
    reason: 'a file in a source tree may not name a program or a host to go through',
    hint: 'Put ProxyJump or ProxyCommand into your own ~/.ssh/config.',
  },
  {
    pattern: /identity|^key(?:file)?$|^sshkey/,
    reason: 'a file in a source tree may not choose a key',
    hint: 'Put IdentityFile into your own ~/.ssh/config.',
  },
  {
    pattern: /knownhosts|hostkey/,
    reason: 'a file in a source tree may not say whom to trust',
    hint: 'Put it into your own ~/.ssh/config.',
  },
  {
    pattern: /ssh|command|^shell$|^exec/,
    reason: 'a file in a source tree may not name a program to run',
    hint: `Give it as a flag (--ssh), or write it into your own ${OWN_CONFIGURATION}.`,
    ownHint: "The program is named under 'ssh', an SSH configuration file under 'sshConfig'.",
  },
];
