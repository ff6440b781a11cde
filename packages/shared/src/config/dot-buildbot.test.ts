/**
 * `.buildbot` and the user's own settings, good and bad. Over 400 lines because the refusals are one table, read best in
 * one place.
 */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeConfigText, parseDotBuildbot, parseUserSettings } from './dot-buildbot.ts';
import { dotBuildbotSchema } from './dot-buildbot-schema.ts';
import type { ConfigProblem } from './dot-buildbot-settings.ts';

const EXAMPLE = readFileSync(new URL('../../../../.buildbot.example', import.meta.url), 'utf8');
const KEYS = Object.keys(dotBuildbotSchema.shape);

async function settingsOf(text: string): Promise<object> {
  const parsed = await parseDotBuildbot(text, '.buildbot');
  if (!parsed.ok) expect.fail(JSON.stringify(parsed.problems));
  return parsed.settings;
}

async function problemsOf(text: string): Promise<ConfigProblem[]> {
  const parsed = await parseDotBuildbot(text, '.buildbot');
  return parsed.ok ? [] : parsed.problems;
}

describe('.buildbot.example', () => {
  it('is a .buildbot, with what is commented out as well', async () => {
    await settingsOf(EXAMPLE);
    const everything = EXAMPLE.replace(/^# ([a-z]+: )/gm, '$1');
    expect(Object.keys(await settingsOf(everything)).sort()).toEqual(KEYS.toSorted());
  });

  it('explains every key right above it, default and all', () => {
    for (const key of KEYS) {
      expect(EXAMPLE).toMatch(new RegExp(`^# .*(?:default:|no default|Default:).*\n(?:# )?${key}:`, 'im'));
    }
  });
});

describe('the schema', () => {
  it.each(KEYS)('describes %s with a default and an example that it takes itself', async (key) => {
    const shape: Record<string, { meta(): Record<string, unknown> | undefined }> = dotBuildbotSchema.shape;
    const meta = innerMeta(shape[key]);
    expect(meta).toMatchObject({
      description: expect.stringMatching(/\.$/),
      defaultText: expect.stringMatching(/./),
    });
    expect(await settingsOf(`${key}: ${String(meta?.example)}`)).toHaveProperty(key);
  });
});

/** `.partial()` wraps each field; the words stay on the field inside. */
function innerMeta(
  schema: { meta(): Record<string, unknown> | undefined; unwrap?: () => unknown } | undefined,
) {
  const inner = schema?.unwrap?.() as { meta(): Record<string, unknown> | undefined } | undefined;
  return schema?.meta() ?? inner?.meta();
}

describe('parseDotBuildbot reads', () => {
  it.each<[string, string, object]>([
    ['nothing', '', {}],
    ['comments only', '# nothing\n', {}],
    ['a byte order mark', '\ufeffhost: h\n', { host: 'h' }],
    [
      "Buildbot's own names",
      'try_host: h\ntry_dir: /j\ntry_builders: [a, b]\n',
      { host: 'h', jobdir: '/j', builders: ['a', 'b'] },
    ],
    ['one builder as a text', 'builders: linux\n', { builders: ['linux'] }],
    ['a duration', 'timeout: 1h05m\n', { timeout: 3_900_000 }],
    [
      'properties as they are spelt',
      'properties: {a: 1.10, b: 0x10, c: true, d: "x=y,z"}\n',
      { properties: { a: '1.10', b: '0x10', c: 'true', d: 'x=y,z' } },
    ],
    ['CRLF', 'host: h\r\nport: 2222\r\n', { host: 'h', port: 2222 }],
    ['an alias', 'who: &me Jane\ncomment: *me\n', { who: 'Jane', comment: 'Jane' }],
    ['an IPv6 address', 'host: "fe80::1"\n', { host: 'fe80::1' }],
    ['JSON', '{"host": "h", "port": 22}', { host: 'h', port: 22 }],
    ['a unix socket as the API', 'api: unix:/srv/master.sock\n', { api: 'unix:/srv/master.sock' }],
  ])('%s', async (_name, text, settings) => {
    expect(await settingsOf(text)).toEqual(settings);
  });
});

describe('parseDotBuildbot names', () => {
  it.each<[string, string, { line: number; column: number; message: string; hint?: string }]>([
    [
      'a misspelt key',
      'host: h\nbulders: [a]\n',
      { line: 2, column: 1, message: "unknown key 'bulders'", hint: "Did you mean 'builders'?" },
    ],
    [
      'a key that is like no other',
      'x: 1\n',
      { line: 1, column: 1, message: "unknown key 'x'", hint: 'Known keys: connect, host' },
    ],
    [
      'a key that writes to the terminal',
      '"\\e[2J": 1\n',
      { line: 1, column: 1, message: "unknown key '␛[2J'" },
    ],
    ['__proto__', '__proto__: {admin: true}\n', { line: 1, column: 1, message: "unknown key '__proto__'" }],
    ['toString', 'toString: 1\n', { line: 1, column: 1, message: "unknown key 'toString'" }],
    ['a merge key', 'a: &a {host: h}\n<<: *a\n', { line: 1, column: 1, message: "unknown key 'a'" }],
    [
      'a key given twice',
      'host: a\nhost: b\n',
      { line: 2, column: 1, message: 'a key is given twice', hint: 'Map keys must be unique' },
    ],
    [
      'a key given under both names',
      'host: a\ntry_host: b\n',
      { line: 2, column: 1, message: "'host' is given twice" },
    ],
    [
      'a key without a value',
      'host:\n',
      { line: 1, column: 1, message: "'host': expected a text", hint: 'Remove the line' },
    ],
    ['a flag in words', 'wait: yes\n', { line: 1, column: 7, message: "'wait': expected true or false" }],
    ['a port out of range', 'port: 70000\n', { line: 1, column: 7, message: "'port': expected 1 to 65535" }],
    [
      "Buildbot's password protocol",
      'connect: pb\n',
      { line: 1, column: 10, message: "'connect': 'pb' is not spoken here: use ssh" },
    ],
    [
      'a host that is an option',
      'host: -oProxyCommand=x\n',
      { line: 1, column: 7, message: "'host': expected a host name" },
    ],
    [
      'a host with a user',
      'host: me@h\n',
      {
        line: 1,
        column: 7,
        message: "'host': expected a host name",
        hint: "Put the part before '@' under 'username'.",
      },
    ],
    [
      'a host of two lines',
      'host: "a\\nb"\n',
      { line: 1, column: 7, message: "'host': expected a host name" },
    ],
    [
      'a user that is an option',
      'username: -l\n',
      { line: 1, column: 11, message: "'username': expected the name of an account" },
    ],
    [
      'a jobdir for a shell',
      'jobdir: /j;rm -rf ~\n',
      { line: 1, column: 9, message: "'jobdir': expected a path of letters" },
    ],
    [
      'a jobdir that is an option',
      'jobdir: --help\n',
      { line: 1, column: 9, message: "'jobdir': expected a path" },
    ],
    [
      'a variable in the jobdir',
      'jobdir: $HOME/j\n',
      { line: 1, column: 9, message: "'jobdir': expected a path" },
    ],
    [
      'another program as buildbotbin',
      'buildbotbin: /bin/sh\n',
      { line: 1, column: 14, message: "'buildbotbin': the program's own name must begin with buildbot" },
    ],
    [
      'a command as buildbotbin',
      'buildbotbin: buildbot;id\n',
      { line: 1, column: 14, message: "'buildbotbin': expected a path" },
    ],
    [
      'a password in the API',
      'api: http://u:p@h/\n',
      { line: 1, column: 6, message: "'api': expected http" },
    ],
    ['a script as the API', 'api: "javascript:x"\n', { line: 1, column: 6, message: "'api': expected http" }],
    ['an unknown VCS', 'vc: rcs\n', { line: 1, column: 5, message: "'vc': expected git, hg" }],
    [
      'a branch that is an option',
      'branch: --upload-pack=x\n',
      { line: 1, column: 9, message: "'branch': must not begin with '-'" },
    ],
    [
      'an escape in a name',
      'who: "\\e]0;x\\a"\n',
      { line: 1, column: 6, message: "'who': holds a control or invisible character" },
    ],
    ['a builder that is no text', 'builders: [1]\n', { line: 1, column: 12, message: "'builders': " }],
    [
      'a reserved property',
      'properties:\n  workername: x\n',
      { line: 2, column: 3, message: "'properties': the property 'workername' is set by the build" },
    ],
    [
      'a property that is a list',
      'properties: {a: [1]}\n',
      { line: 1, column: 17, message: "'properties': " },
    ],
    [
      'a home folder',
      'topdir: ~/src\n',
      { line: 1, column: 9, message: "'topdir': '~' and '$' are not expanded" },
    ],
    [
      'a folder outside',
      'local: ../master.yaml\n',
      { line: 1, column: 8, message: "'local': must not leave the tree" },
    ],
    [
      'an absolute path',
      'local: /etc/master.yaml\n',
      { line: 1, column: 8, message: "'local': must be relative" },
    ],
    [
      'a folder as topfile',
      'topfile: a/b\n',
      { line: 1, column: 10, message: "'topfile': expected the name of a file" },
    ],
    [
      'a bad duration',
      'timeout: soon\n',
      { line: 1, column: 10, message: "'timeout': 'soon' is not a duration" },
    ],
    [
      'a tag',
      'host: !!js/function x\n',
      { line: 1, column: 21, message: "the tag 'tag:yaml.org,2002:js/function' is refused" },
    ],
    ['even a harmless tag', 'host: !!str x\n', { line: 1, column: 13, message: 'the tag' }],
    [
      'a tab as indentation',
      'properties:\n\ta: 1\n',
      {
        line: 2,
        column: 1,
        message: 'a tab is no indentation: indent with spaces',
        hint: 'Tabs are not allowed',
      },
    ],
    [
      'an unfinished list',
      'builders: [a\n',
      { line: 2, column: 1, message: 'a bracket is not closed', hint: 'Flow sequence in block collection' },
    ],
    [
      'what is no YAML at all',
      'host: @x\n',
      { line: 1, column: 7, message: 'this cannot be read as YAML', hint: 'The YAML parser: Plain value' },
    ],
    [
      'the one of many that is wrong',
      '# ours\nhost: h\nbuilders:\n  - linux\n  - [a]\n',
      { line: 5, column: 5, message: "'builders': " },
    ],
    [
      'the property that is wrong',
      'host: h\nproperties:\n  a: "1"\n  b: [2]\n',
      { line: 4, column: 6, message: "'properties': " },
    ],
    ['a list', '- host\n', { line: 1, column: 1, message: '.buildbot: expected keys with values' }],
    ['words', 'hello\n', { line: 1, column: 1, message: '.buildbot: expected keys with values' }],
    [
      'a second document',
      'host: a\n---\nhost: b\n',
      { line: 2, column: 1, message: 'more than one document', hint: 'multiple documents' },
    ],
    [
      'a key that is no text',
      '? [a]\n: 1\n',
      { line: 1, column: 3, message: 'a key must be a text', hint: 'all keys must be strings' },
    ],
  ])('%s with its place', async (_name, text, expected) => {
    const [first] = await problemsOf(text);
    expect(first).toMatchObject({ line: expected.line, column: expected.column });
    expect(first?.message).toContain(expected.message);
    expect(first?.hint).toContain(expected.hint ?? '');
  });

  it('all bad keys at once', async () => {
    const problems = await problemsOf('hots: a\nport: x\nwait: 3\n');
    expect(problems.map(({ line }) => line)).toEqual([1, 2, 3]);
  });
});

describe('parseDotBuildbot refuses what only the user may say:', () => {
  it.each([
    ['ssh', '--ssh'],
    ['try_ssh', '--ssh'],
    ['ssh_command', '--ssh'],
    ['sshConfig', '--ssh'],
    ['command', '--ssh'],
    ['tokenFile', '--token-file'],
    ['token_file', '--token-file'],
    ['identity', 'IdentityFile'],
    ['identityfile', 'IdentityFile'],
    ['IdentityFile', 'IdentityFile'],
    ['identity_file', 'IdentityFile'],
    ['key', 'IdentityFile'],
    ['proxy', 'ProxyJump'],
    ['proxycommand', 'ProxyJump'],
    ['ProxyCommand', 'ProxyJump'],
    ['proxy-jump', 'ProxyJump'],
    ['knownhosts', '~/.ssh/config'],
    ['user_known_hosts_file', '~/.ssh/config'],
    ['passwd', 'SSH key'],
    ['try_password', 'SSH key'],
    ['token', 'SSH key'],
  ])('%s', async (key, where) => {
    const [problem] = await problemsOf(`host: h\n${key}: touch x\n`);
    expect(problem).toMatchObject({
      line: 2,
      message: expect.stringContaining(`'${key}' is refused: `),
      hint: expect.stringContaining(where),
    });
  });

  it('the user may', async () => {
    const parsed = await parseUserSettings('ssh: ssh -v\nhost: h\n', 'config.yaml');
    expect(parsed).toEqual({ ok: true, settings: { ssh: 'ssh -v', host: 'h' }, notes: [] });
  });

  it.each([
    ['ssh-config', "Did you mean 'sshConfig'?"],
    ['sshconfig', "Did you mean 'sshConfig'?"],
    ['ssh_command', "The program is named under 'ssh', an SSH configuration file under 'sshConfig'."],
    ['identity', 'Put IdentityFile into your own ~/.ssh/config.'],
    ['hots', "Did you mean 'host'?"],
  ])('%s in their own file is an unknown key, not a stranger’s', async (key, hint) => {
    const parsed = await parseUserSettings(`host: h\n${key}: x\n`, 'config.yaml');
    expect(parsed).toEqual({
      ok: false,
      problems: [{ line: 2, column: 1, message: `unknown key '${key}'`, hint }],
    });
  });
});

describe('parseDotBuildbot and Python', () => {
  it('tells how to convert each line', async () => {
    const [problem] = await problemsOf('# old\ntry_connect = "ssh"\ntry_builders = ["linux", "mac os"]\n');
    expect(problem).toMatchObject({ line: 2, message: expect.stringContaining('is Python code') });
    expect(problem?.hint).toBe(`Write 'connect: ssh', 'builders: ["linux","mac os"]'.`);
  });

  it.each(['import os\ntry_host = os.environ["H"]\n', 'try_host = x\n'])(
    'knows %j for code',
    async (text) => {
      const [problem] = await problemsOf(text);
      expect(problem).toMatchObject({
        message: expect.stringContaining('never run'),
        hint: expect.stringContaining('host: build.example.org'),
      });
    },
  );

  it('does not take a value with an equals sign for code', async () => {
    expect(await settingsOf('comment: a = b\n')).toEqual({ comment: 'a = b' });
  });
});

describe('parseDotBuildbot stands', () => {
  const laughs = `a: &a [x,x]\n${'bcdefghi'
    .split('')
    .map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[index]}`).join(',')}]`)
    .join('\n')}\n`;
  it.each([
    ['a billion laughs', laughs],
    ['100,000 brackets', '['.repeat(100_000)],
    ['50,000 dashes', '- '.repeat(50_000)],
    ['deep indentation', Array.from({ length: 1000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
    ['1,000 aliases', `who: &a x\nbuilders: [${Array(1000).fill('*a').join(',')}]\n`],
    ['an alias of itself', 'builders: &a [*a]\n'],
    ['more than 1 MiB', `comment: ${'x'.repeat(1024 * 1024)}`],
  ])('%s', async (_name, text) => {
    expect(await problemsOf(text)).not.toEqual([]);
  });

  it('any text: settings or printable problems, and nothing polluted', async () => {
    const bit = fc.constantFrom(
      'host',
      'try_',
      ': ',
      '\n',
      '- ',
      '[',
      ']',
      '{',
      '}',
      '&a ',
      '*a',
      '!!x ',
      '"',
      "'",
      '|',
      '\t',
      '  ',
      'x = 1',
      '__proto__',
      '\x1b',
      '%YAML 1.1\n---\n',
      '#',
      '? ',
    );
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.array(bit, { maxLength: 30 }).map((bits) => bits.join('')),
        ),
        async (text) => {
          for (const { message, hint, line, column } of await problemsOf(text)) {
            expect(message + hint).not.toMatch(/[\p{Cc}\u202e]/u);
            expect(Math.min(line, column)).toBeGreaterThan(0);
          }
        },
      ),
      { numRuns: 500 },
    );
    expect(Object.hasOwn(Object.prototype, 'x')).toBe(false);
  });
});

describe('decodeConfigText', () => {
  it('takes UTF-8 and drops its byte order mark', () => {
    expect(decodeConfigText(new TextEncoder().encode('\ufeffä'))).toEqual({ ok: true, text: 'ä' });
  });

  it.each<[string, Uint8Array, string]>([
    ['Latin-1', Uint8Array.of(0x61, 0xe4), 'is not UTF-8'],
    ['UTF-16', Uint8Array.of(0xff, 0xfe, 0x61, 0), 'is UTF-16: save it as UTF-8'],
    ['more than 1 MiB', new Uint8Array(1024 * 1024 + 1), 'is larger than 1 MiB: not a configuration file'],
  ])('refuses %s', (_name, bytes, reason) => {
    expect(decodeConfigText(bytes)).toEqual({ ok: false, reason });
  });
});
