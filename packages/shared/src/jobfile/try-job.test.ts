/**
 * Try job files of all versions, good and bad. Over 400 lines because the refusals are one table, read best in one place.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeTryJob } from './encode-try-job.ts';
import { encodeNetstrings } from './netstring.ts';
import { parseTryJob } from './parse-try-job.ts';
import { isJobId, MAX_BUILDER_NAMES, type TryJob } from './try-job.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);
const file = (...values: (string | Uint8Array)[]) =>
  encodeNetstrings(values.map((value) => (typeof value === 'string' ? bytesOf(value) : value)));

const DIFF = 'diff --git a/a.txt b/a.txt\n--- a/a.txt\n+++ b/a.txt\n@@ -1 +1,2 @@\n one\n+vN\n';

/** The two files of spec/try-jobfile.md, made by the real client. */
const REAL_V5 = String.raw`1:5,469:{"jobid": "1795216283.171699-55105", "branch": "master", "baserev": "1b9d7a711f1a42b6a7ca058c6520858ab4040346", "patch_level": 1, "repository": "https://git.example.org/r.git", "project": "", "who": "Jane Doe <jane@example.org>", "comment": "my comment", "builderNames": ["nosuch"], "properties": {"a": "1", "b": "two", "c": "x=y"}, "patch_body": "diff --git a/a.txt b/a.txt\nindex 5626abf..313149c 100644\n--- a/a.txt\n+++ b/a.txt\n@@ -1 +1,2 @@\n one\n+two \u00fc\n"},`;
const REAL_V6 = `1:6,434:{"jobid": "1795216284.0162609-735709", "branch": "master", "baserev": "1b9d7a711f1a42b6a7ca058c6520858ab4040346", "patch_level": 1, "repository": "https://git.example.org/r.git", "project": "", "who": null, "comment": null, "builderNames": ["nosuch"], "properties": {}, "patch_body_base64": "ZGlmZiAtLWdpdCBhL2EudHh0IGIvYS50eHQKaW5kZXggNTYyNmFiZi4uNjVhMTkxNCAxMDA2NDQKLS0tIGEvYS50eHQKKysrIGIvYS50eHQKQEAgLTEgKzEgQEAKLW9uZQorYmlu/wo="},`;

const PLAIN = {
  jobid: 'job-1',
  branch: 'main',
  baserev: 'abc',
  patch_level: 1,
  patch_body: DIFF,
  repository: '',
  project: '',
  who: null,
  comment: null,
  builderNames: ['linux'],
  properties: {},
};
const v5 = (change: object) => file('5', JSON.stringify({ ...PLAIN, ...change }));

function jobOf(bytes: Uint8Array): TryJob {
  const parsed = parseTryJob(bytes);
  if (!parsed.ok) expect.fail(parsed.reason);
  return parsed.job;
}

function reasonOf(bytes: Uint8Array): string {
  const parsed = parseTryJob(bytes);
  return parsed.ok ? 'accepted' : parsed.reason;
}

describe('parseTryJob reads', () => {
  it('version 5 as the real client writes it', () => {
    expect(parseTryJob(bytesOf(REAL_V5))).toEqual({
      ok: true,
      version: 5,
      job: {
        jobId: '1795216283.171699-55105',
        branch: 'master',
        baserev: '1b9d7a711f1a42b6a7ca058c6520858ab4040346',
        patchLevel: 1,
        patch: bytesOf(
          'diff --git a/a.txt b/a.txt\nindex 5626abf..313149c 100644\n--- a/a.txt\n+++ b/a.txt\n@@ -1 +1,2 @@\n one\n+two ü\n',
        ),
        repository: 'https://git.example.org/r.git',
        project: '',
        who: 'Jane Doe <jane@example.org>',
        comment: 'my comment',
        builderNames: ['nosuch'],
        properties: { a: '1', b: 'two', c: 'x=y' },
        tree: null,
        priority: null,
        client: null,
      },
    });
  });

  it('version 6 with bytes that are not UTF-8', () => {
    const job = jobOf(bytesOf(REAL_V6));
    expect(Buffer.from(job.patch ?? []).toString('latin1')).toMatch(/-one\n\+bin\xff\n$/);
    expect([job.who, job.comment]).toEqual(['', '']);
  });

  it('versions 1 to 4, binary patch and all', () => {
    const patch = Uint8Array.of(0xff, 0, 0x2c);
    const common = {
      jobId: 'job',
      patchLevel: 1,
      patch,
      builderNames: ['b1', 'b2'],
      properties: {},
      tree: null,
    };
    const base = ['job', '', '', '1', patch];
    expect(jobOf(file('1', ...base, 'b1', 'b2'))).toMatchObject({
      ...common,
      branch: null,
      baserev: null,
      who: '',
    });
    expect(jobOf(file('2', ...base, '/repo', 'proj', 'b1', 'b2'))).toMatchObject({
      repository: '/repo',
      project: 'proj',
    });
    expect(jobOf(file('3', ...base, '/repo', 'proj', 'me', 'b1', 'b2'))).toMatchObject({
      ...common,
      who: 'me',
    });
    expect(jobOf(file('4', ...base, '/repo', 'proj', 'me', 'why', 'b1', 'b2'))).toMatchObject({
      ...common,
      comment: 'why',
    });
    expect(jobOf(file('1', ...base)).builderNames).toEqual([]);
  });

  it.each<[string, object, Partial<TryJob>]>([
    ['empty branch and revision as none', { branch: '', baserev: '' }, { branch: null, baserev: null }],
    ['null branch and revision as none', { branch: null, baserev: null }, { branch: null, baserev: null }],
    ["a revision in Python's bytes notation", { baserev: "b'123\\n'" }, { baserev: '123' }],
    ['the other quote of it', { baserev: 'b"12\'3"' }, { baserev: "12'3" }],
    ['no revision in that notation', { baserev: "b''" }, { baserev: null }],
    ['a patch level in decimal', { patch_level: '0' }, { patchLevel: 0 }],
    ['no properties', { properties: undefined }, { properties: {} }],
    ['a null patch', { patch_body: null }, { patch: null }],
    ['an empty patch', { patch_body: '' }, { patch: null }],
    ['null builder names as all builders', { builderNames: null }, { builderNames: [] }],
    ['a null repository', { repository: null }, { repository: '' }],
    ['a builder named twice', { builderNames: ['b', 'a', 'b'] }, { builderNames: ['b', 'a'] }],
    [
      'a context of several lines as darcs gives it',
      { baserev: 'Context:\n\n[x\n' },
      { baserev: 'Context:\n\n[x' },
    ],
    ['nested properties', { properties: { a: { b: [1, null] } } }, { properties: { a: { b: [1, null] } } }],
    [
      'a property that speaks of surrogates',
      { properties: { a: '\\ud800 \\\\u0000' } },
      { properties: { a: '\\ud800 \\\\u0000' } },
    ],
    [
      'our own keys',
      { tree: 'a'.repeat(40), client: 'buildbot/0.1.0' },
      { tree: 'a'.repeat(40), client: 'buildbot/0.1.0' },
    ],
  ])('%s', (_name, change, expected) => {
    expect(jobOf(v5(change))).toMatchObject(expected);
  });

  it('a priority of our own clients, as a whole number and nothing else', () => {
    expect(jobOf(v5({ priority: -3 })).priority).toBe(-3);
    expect(jobOf(v5({ priority: null })).priority).toBeNull();
    for (const priority of [1.5, '3', 1e9, true]) expect(reasonOf(v5({ priority }))).toMatch(/^priority: /);
  });

  it('no key that it does not know', () => {
    expect(jobOf(v5({ urgency: 1e308, admin: true }))).toEqual(jobOf(v5({})));
  });
});

describe('parseTryJob refuses', () => {
  const json = (text: string) => file('5', text);
  it.each<[string, Uint8Array, string]>([
    ['nothing', new Uint8Array(), 'the job file is empty'],
    ['no netstring', bytesOf('hello'), 'no netstring at byte 0'],
    ['version 7', file('7', '{}'), "unknown version '7': expected 1 to 6"],
    ['version 10', file('10', '{}'), "unknown version '10': expected 1 to 6"],
    ['an empty version', file('', '{}'), "unknown version '': expected 1 to 6"],
    ['version -1', file('-1', '{}'), "unknown version '-1': expected 1 to 6"],
    ['a version in wide digits', file('４'), "unknown version '４': expected 1 to 6"],
    ['a version that writes to the terminal', file('\x1b[2J'), "unknown version '␛[2J': expected 1 to 6"],
    ['a version alone', file('5'), 'version 5 has one JSON object, but none is there'],
    ['more after the object', file('5', JSON.stringify(PLAIN), 'x'), '1 more netstrings than version 5 has'],
    ['bytes after the last netstring', Buffer.concat([v5({}), bytesOf('\n')]), 'no netstring at byte'],
    [
      'too few fields',
      file('4', 'job', '', '', '1', '', 'r'),
      "version 4 has 9 fields, but 'project' is missing",
    ],
    ['text that is not UTF-8', file('1', 'job', Uint8Array.of(0xff), '', '1', ''), 'branch: not UTF-8'],
    [
      'a builder that is not UTF-8',
      file('1', 'j', '', '', '1', '', Uint8Array.of(0xff)),
      'builderNames: not UTF-8',
    ],
    ['JSON that is not UTF-8', file('5', Uint8Array.of(0x22, 0xff, 0x22)), 'the JSON object is not UTF-8'],
    ['no JSON', json('{'), 'not JSON'],
    ['NaN', json('{"properties":{"a":NaN}}'), 'not JSON'],
    ['an array', json('[]'), 'expected a JSON object'],
    ['null', json('null'), 'expected a JSON object'],
    ['a string', json('"x"'), 'expected a JSON object'],
    ['a number', json('1'), 'expected a JSON object'],
    ['a repeated key', json('{"jobid":"a","jobid":"b"}'), 'the JSON object: the key "jobid" comes twice'],
    [
      '__proto__',
      json('{"__proto__":{"admin":true}}'),
      "the JSON object: the key '__proto__' is not allowed",
    ],
    ['deep nesting', json('['.repeat(100_000)), 'the JSON object: nested more than 32 levels deep'],
    ['no job id', v5({ jobid: undefined }), 'jobid: '],
    ['a job id that is a path', v5({ jobid: '../../x' }), 'jobid: not a job id'],
    ['a job id that is an option', v5({ jobid: '-rf' }), 'jobid: not a job id'],
    ['a job id of the wrong type', v5({ jobid: 1 }), 'jobid: '],
    ['a branch of the wrong type', v5({ branch: ['main'] }), 'branch: '],
    ['a branch of two lines', v5({ branch: 'a\nb' }), "branch: a control or invisible character in 'a␊b'"],
    ['an escape in the revision', v5({ baserev: '\x1b[31m' }), 'baserev: a control character'],
    ['a negative patch level', v5({ patch_level: -1 }), 'patch_level: '],
    ['patch level 99', v5({ patch_level: 99 }), 'patch_level: '],
    ['patch level 1.5', v5({ patch_level: 1.5 }), 'patch_level: '],
    ['patch level "-1"', v5({ patch_level: '-1' }), 'patch_level: not a whole number'],
    ['a patch that is no text', v5({ patch_body: 1 }), 'patch_body: expected text or null'],
    ['no patch key at all', v5({ patch_body: undefined }), 'patch_body: expected text or null'],
    [
      'half a surrogate pair in the patch',
      v5({ patch_body: '\ud800' }),
      'patch_body: half of a surrogate pair',
    ],
    ['half a surrogate pair in a name', v5({ who: 'x\udc00' }), 'who: half of a surrogate pair'],
    ['a NUL in the comment', v5({ comment: 'a\0' }), 'comment: a NUL character'],
    ['an escape in the comment', v5({ comment: '\x1b]0;x\x07' }), 'comment: a control character'],
    ['the key of version 6 in 5', v5({ patch_body_base64: '' }), 'patch_body_base64: belongs to version 6'],
    ['no builder list', v5({ builderNames: undefined }), 'builderNames: '],
    ['a builder that is no text', v5({ builderNames: [1] }), 'builderNames.0: '],
    ['an empty builder name', v5({ builderNames: [''] }), 'builderNames.0: '],
    [
      'a newline in a builder name',
      v5({ builderNames: ['a\nb'] }),
      "builderNames.0: a control or invisible character in 'a␊b'",
    ],
    ['an escape in a builder name', v5({ builderNames: ['\x1b[2J'] }), 'builderNames.0: a control'],
    ['a bidi override in a builder name', v5({ builderNames: ['a\u202eb'] }), "character in 'a<U+202E>b'"],
    [
      '10,000 builders',
      v5({ builderNames: Array.from({ length: 10_000 }, (_, i) => `b${i}`) }),
      'builderNames: ',
    ],
    [
      '10,000 builders in version 1',
      file('1', 'j', '', '', '1', '', ...Array<string>(10_000).fill('b')),
      'more than 1010 netstrings',
    ],
    ['properties as a list', v5({ properties: ['a=b'] }), 'properties: '],
    [
      'a reserved property',
      v5({ properties: { workername: 'x' } }),
      "properties: the property 'workername' is set by the build",
    ],
    ['a property without a name', v5({ properties: { '': 'x' } }), 'properties: the property'],
    [
      'a property name with an escape',
      v5({ properties: { '\x1b[2J': 'x' } }),
      "the property '␛[2J' has a name that is not allowed",
    ],
    ['a property of 1 MB', v5({ properties: { a: 'x'.repeat(1e6) } }), 'properties.a: a value of more than'],
    [
      'a number that is not exact',
      json(JSON.stringify({ ...PLAIN, properties: { a: [1] } }).replace('[1]', '[9223372036854775808]')),
      'properties.a: a number too large',
    ],
    [
      'a number that is infinite',
      json(JSON.stringify({ ...PLAIN, properties: { a: 1 } }).replace('"a":1', '"a":1e999')),
      'properties.a: ',
    ],
    [
      'half a surrogate pair in a property',
      v5({ properties: { a: ['\ud800'] } }),
      'properties.a: half of a surrogate pair',
    ],
    ['a tree that is no id', v5({ tree: 'HEAD' }), 'tree: not the id of a git tree'],
  ])('%s', (_name, bytes, reason) => {
    expect(reasonOf(bytes)).toContain(reason);
  });

  it.each(['Zg', 'Zg=', 'Zm9v!', 'Z===', 'Zm9v\n', 'Zm-_'])('%j as base64', (body) => {
    const bytes = file('6', JSON.stringify({ ...PLAIN, patch_body: undefined, patch_body_base64: body }));
    expect(reasonOf(bytes)).toBe('patch_body_base64: not base64');
  });

  it('version 6 that carries its patch as text, which would pass as no patch', () => {
    expect(reasonOf(file('6', JSON.stringify(PLAIN)))).toBe('patch_body: belongs to version 5');
  });

  it('a file larger than allowed, before it looks inside', () => {
    expect(reasonOf(new Uint8Array(52_428_801))).toBe('52428801 bytes are more than the 52428800 allowed');
    expect(parseTryJob(v5({}), { maxBytes: 10 }).ok).toBe(false);
  });

  it('a valid file cut at any byte', () => {
    const whole = bytesOf(REAL_V5);
    for (let end = 0; end < whole.length; end++) {
      if (parseTryJob(whole.subarray(0, end)).ok) expect.fail(`accepted when cut at ${end}`);
    }
  });

  it('pollution of any object: nothing is left behind', () => {
    parseTryJob(v5({ properties: JSON.parse('{"__proto__":{"admin":true}}') }));
    parseTryJob(file('5', '{"jobid":"a","constructor":{"prototype":{"admin":true}}}'));
    expect(Object.hasOwn(Object.prototype, 'admin')).toBe(false);
  });
});

describe('encodeTryJob', () => {
  const lineOfText = fc.stringMatching(/^[ -~äöü漢😀]{0,20}$/u);
  const job: fc.Arbitrary<TryJob> = fc.record({
    jobId: fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,20}$/),
    branch: fc.option(fc.stringMatching(/^[a-z/ü]{1,10}$/)),
    baserev: fc.option(fc.stringMatching(/^[0-9a-f]{4,40}$/)),
    patchLevel: fc.nat({ max: 32 }),
    patch: fc.oneof(
      fc.constant(null),
      fc.uint8Array({ minLength: 1, maxLength: 200 }),
      fc.string({ unit: 'grapheme', minLength: 1 }).map(bytesOf),
    ),
    repository: lineOfText,
    project: lineOfText,
    who: lineOfText,
    comment: lineOfText.map((text) => `${text}\n${text}`),
    builderNames: fc.uniqueArray(fc.stringMatching(/^[a-zü -]{1,12}$/), { maxLength: 5 }),
    properties: fc.dictionary(fc.stringMatching(/^p[a-z]{1,8}$/), lineOfText, {
      noNullPrototype: true,
      maxKeys: 5,
    }),
    tree: fc.option(fc.stringMatching(/^[0-9a-f]{40}$/)),
    priority: fc.option(fc.integer({ min: -1_000_000, max: 1_000_000 })),
    client: fc.option(fc.stringMatching(/^[a-z]{1,8}$/)),
  });

  it('writes what parseTryJob reads back, as version 6 only when the patch is not UTF-8', () => {
    fc.assert(
      fc.property(job, (before) => {
        const isText =
          before.patch === null ||
          Buffer.from(before.patch).equals(
            bytesOf(new TextDecoder('utf-8', { ignoreBOM: true }).decode(before.patch)),
          );
        expect(parseTryJob(encodeTryJob(before))).toEqual({ ok: true, version: isText ? 5 : 6, job: before });
      }),
    );
  });

  it('writes ASCII, so that length in characters is length in bytes', () => {
    fc.assert(fc.property(job, (before) => encodeTryJob(before).every((byte) => byte < 0x7f)));
  });

  it('keeps a byte order mark at the start of a patch', () => {
    const before = { ...jobOf(v5({})), patch: bytesOf('\ufeffx') };
    expect(jobOf(encodeTryJob(before)).patch).toEqual(before.patch);
  });

  it('writes null, not text, for what real Buildbot takes as null', () => {
    const text = new TextDecoder().decode(encodeTryJob({ ...jobOf(v5({})), patch: null }));
    expect(text).toContain('"who":null,"comment":null');
    expect(text).toContain('"patch_body":null');
    expect(text).not.toContain('tree');
  });

  it('carries 20 MB there and back', () => {
    const patch = new Uint8Array(20_000_000).fill(0xff);
    expect(jobOf(encodeTryJob({ ...jobOf(v5({})), patch })).patch?.length).toBe(patch.length);
  });
});

describe('parseTryJob, whatever comes', () => {
  it('never throws on arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(parseTryJob(bytes).ok).toBe(false);
      }),
    );
  });

  it('never throws on any JSON in any version', () => {
    fc.assert(
      fc.property(fc.constantFrom('5', '6'), fc.json({ noUnicodeString: false }), (version, text) => {
        expect(parseTryJob(file(version, text)).ok).toBe(false);
      }),
    );
  });

  it('stands two seconds of damaged valid files: a job or one printable sentence', () => {
    const seeds = [
      bytesOf(REAL_V5),
      bytesOf(REAL_V6),
      file('4', 'j', 'b', 'r', '1', DIFF, 'r', 'p', 'w', 'c', 'b1'),
    ];
    const edit = fc.record({
      seed: fc.nat(),
      at: fc.nat(),
      byte: fc.nat({ max: 255 }),
      kind: fc.nat({ max: 3 }),
    });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 6 }), (edits) => {
        let bytes = seeds[(edits[0]?.seed ?? 0) % seeds.length] ?? new Uint8Array();
        for (const { at, byte, kind } of edits) bytes = damage(bytes, at % bytes.length, byte, kind);
        expect(reasonOf(bytes)).toMatch(/^[^\p{Cc}]+$/u);
      }),
      { interruptAfterTimeLimit: 2000, numRuns: 1_000_000, markInterruptAsFailure: false },
    );
  });
});

/** One change: another byte, a byte more, a byte less, or a run of the file again. */
function damage(bytes: Uint8Array, at: number, byte: number, kind: number): Uint8Array {
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
  if (kind === 0)
    return Buffer.concat([before, [byte], after.subarray(1)].map((part) => Uint8Array.from(part)));
  if (kind === 1) return Buffer.concat([before, Uint8Array.of(byte), after]);
  if (kind === 2 && bytes.length > 1) return Buffer.concat([before, after.subarray(1)]);
  return Buffer.concat([before, after.subarray(0, byte), after]);
}

describe('isJobId', () => {
  it.each(['job-1', '1795216283.171699-55105', 'a@b:c=d+e_f', 'x'.repeat(200)])('takes %.30s', (id) => {
    expect(isJobId(id)).toBe(true);
  });
  it.each(['', '.x', '-x', 'a/b', 'a b', 'a\n', 'ä', 'x'.repeat(201), '..'])('does not take %.30j', (id) => {
    expect(isJobId(id)).toBe(false);
  });
});

it('MAX_BUILDER_NAMES builders are still taken', () => {
  const builderNames = Array.from({ length: MAX_BUILDER_NAMES }, (_, i) => `b${i}`);
  expect(jobOf(v5({ builderNames })).builderNames).toHaveLength(MAX_BUILDER_NAMES);
});
