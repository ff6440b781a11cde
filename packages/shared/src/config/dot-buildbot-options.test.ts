import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseOptionsFile } from './dot-buildbot-options.ts';
import { describeProblems } from './dot-buildbot-settings.ts';

const settingsOf = (text: string) => {
  const parsed = parseOptionsFile(text);
  if (!parsed.ok) expect.fail(describeProblems('options', parsed.problems));
  return parsed.settings;
};

const firstProblem = (text: string) => {
  const parsed = parseOptionsFile(text);
  return parsed.ok ? undefined : parsed.problems[0];
};

describe('parseOptionsFile reads', () => {
  it('an options file as people have it', () => {
    const text = `# -*- python -*-
try_connect = 'ssh'
try_host = "build.example.org"   # the big one
try_username='me'
try_dir = r"/srv/try"
try_builders = [
    "linux",  # first
    'windows',
]
try_vc = "git"; try_branch = 'main'
try_wait = True
try_quiet = False
try_who = None
try_comment = "it's \\"so\\" \\u00fc" ' and so'
`;
    expect(settingsOf(text)).toEqual({
      connect: 'ssh',
      host: 'build.example.org',
      username: 'me',
      jobdir: '/srv/try',
      builders: ['linux', 'windows'],
      vc: 'git',
      branch: 'main',
      wait: true,
      quiet: false,
      comment: `it's "so" ü and so`,
    });
  });

  it.each<[string, string, object]>([
    ['nothing', '', {}],
    ['the last of several assignments', 'try_host = "a"\ntry_host = "b"\n', { host: 'b' }],
    ['an empty list', 'try_builders = []', { builders: [] }],
    ['a tuple', 'try_builders = ("a", "b")', { builders: ['a', 'b'] }],
    ['a line that goes on', 'try_host = \\\n  "h"\n', { host: 'h' }],
    [
      'CRLF and a byte order mark',
      '\ufefftry_host = "h"\r\n# x\r\ntry_wait = True\r\n',
      { host: 'h', wait: true },
    ],
    ['names of its own, unread', '__version__ = 3\n', {}],
  ])('%s', (_name, text, settings) => {
    expect(settingsOf(text)).toEqual(settings);
  });

  it('keys of other commands with a note', () => {
    const parsed = parseOptionsFile('try_host = "h"\nmasterstatus = "h:9989"\ncategory = "x"\n');
    expect(parsed).toMatchObject({ ok: true, settings: { host: 'h' } });
    expect(parsed.ok && parsed.notes.map((note) => note.slice(0, 31))).toEqual(
      ["line 2: 'masterstatus' is not us", "line 3: 'category' is not used: "].map((note) =>
        note.slice(0, 31),
      ),
    );
  });
});

describe('parseOptionsFile refuses', () => {
  it.each<[string, string, number, string]>([
    ['an import', '# x\nimport os\n', 2, 'code is not run here: expected name = value'],
    ['a call', 'try_host = "h"\ntry_who = os.getlogin()\n', 2, 'code is not run here: expected a text'],
    ['a call behind a text', 'try_host = "h".upper()\n', 1, 'expected the end of the line after the value'],
    ['a sum', 'try_host = "h" + x\n', 1, 'expected the end of the line'],
    ['a format string', 'try_host = f"{x}"\n', 1, 'code is not run here'],
    ['bytes', 'try_host = b"x"\n', 1, 'code is not run here'],
    ['a comprehension', 'try_builders = [x for x in y]\n', 1, 'code is not run here'],
    ['a nested list', 'try_builders = [["a"]]\n', 1, 'code is not run here'],
    ['a dictionary', 'properties = {"a": "b"}\n', 1, 'code is not run here'],
    ['three quotes', 'try_who = """x"""\n', 1, 'texts in three quotes'],
    ['a condition', 'if True:\n  try_host = "h"\n', 1, 'code is not run here'],
    ['a comparison', 'try_host == "h"\n', 1, 'code is not run here'],
    ['an unfinished text', 'try_host = "h\n', 1, 'code is not run here'],
    ['an unfinished list', 'try_builders = ["a"\n', 2, 'expected a comma or the end of the list'],
    ['an attribute', 'os.x = 1\n', 1, 'code is not run here'],
    ['a program', 'try_host = "h"\n\ntry_ssh = "touch x"\n', 3, "'try_ssh' is refused"],
    ['a password', 'try_passwd = "x"\n', 1, "'try_passwd' is refused"],
    ['the password protocol', 'try_connect = "pb"\n', 1, "'pb' is not spoken here"],
    ['an unknown key', 'try_hots = "x"\n', 1, "unknown key 'try_hots'"],
    ['a host that is an option', 'try_host = "-oProxyCommand=x"\n', 1, "'host': expected a host name"],
    ['more than 1 MiB', '#'.repeat(1024 * 1024 + 1), 1, 'larger than 1 MiB'],
  ])('%s with its line', (_name, text, line, message) => {
    expect(firstProblem(text)).toMatchObject({ line, message: expect.stringContaining(message) });
  });

  it('never throws, and ends in time, whatever it is given', () => {
    const bit = fc.constantFrom(
      'try_host',
      ' = ',
      '"',
      "'",
      '\\',
      '\n',
      '[',
      ']',
      '(',
      ')',
      ',',
      '#',
      ';',
      '1',
      'None',
      'r',
      '\x1b',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(bit, { maxLength: 40 }).map((bits) => bits.join('')),
        ),
        (text) => {
          expect(parseOptionsFile(text)).toHaveProperty('ok');
        },
      ),
    );
    for (const long of ['a=1\n', '[', '"', '\\"', "x='", '# \n', '(', '1,']) {
      parseOptionsFile(`try_who = "${long.repeat(1_000_000 / long.length)}`);
      parseOptionsFile(long.repeat(1_000_000 / long.length));
    }
  });
});

it('describeProblems writes file, line and column as compilers do', () => {
  const problems = [{ line: 3, column: 1, message: "unknown key 'hots'", hint: "Did you mean 'host'?" }];
  expect(describeProblems('.buildbot', problems)).toBe(
    ".buildbot:3:1: unknown key 'hots'\n  Did you mean 'host'?",
  );
});
