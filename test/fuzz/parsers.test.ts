/**
 * A time-bounded fuzz run over every parser of `packages/shared` that meets bytes from outside: valid samples, mutated
 * at random. A parser may refuse, and must never throw, hang or grow without bound. `FUZZ_SECONDS` makes it longer;
 * `FUZZ_SEED` repeats a run.
 */
import { readFileSync } from 'node:fs';
import {
  checkPatch,
  decodeConfigText,
  decodeFrame,
  encodeFrame,
  encodeTryJob,
  LogSanitizer,
  masterMessageSchema,
  parseDotBuildbot,
  parseDuration,
  parseMessage,
  parseNetstrings,
  parseOptionsFile,
  parseTryJob,
  sanitizeName,
  workerMessageSchema,
} from '@buildbot/shared';
import { expect, test } from 'vitest';

const SECONDS = Number(process.env.FUZZ_SECONDS ?? 1);
const SEED = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** mulberry32: small, and the same everywhere. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const SPLICES = [
  '\0',
  '\x1b[2J',
  '__proto__',
  '99999999999',
  '-1',
  '{"',
  '[',
  '../',
  '\r\n',
  '\ud7ff',
  'ÿ',
  '"',
];

/** A few random edits: bytes changed, cut out, doubled, or something nasty put in. */
function mutate(sample: Uint8Array, random: () => number): Uint8Array {
  let bytes = Buffer.from(sample);
  for (let edits = 1 + Math.floor(random() * 6); edits > 0; edits--) {
    const at = Math.floor(random() * (bytes.length + 1));
    const length = Math.floor(random() ** 3 * 64);
    const [head, middle, tail] = [
      bytes.subarray(0, at),
      bytes.subarray(at, at + length),
      bytes.subarray(at + length),
    ];
    const splice = Buffer.from(SPLICES[Math.floor(random() * SPLICES.length)] as string, 'latin1');
    const inserted = [
      Buffer.of(Math.floor(random() * 256)),
      splice,
      Buffer.concat([middle, middle]),
      Buffer.alloc(0),
    ][Math.floor(random() * 4)] as Buffer;
    bytes = Buffer.concat([head, inserted, tail]);
  }
  return bytes;
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
const encoder = new TextEncoder();

const PATCH = encoder.encode(
  'diff --git "a/sp ace" b/x\nold mode 100644\nnew mode 100755\n--- a/x\n+++ b/x\n@@ -1 +1,2 @@\n one\n+two\n' +
    'diff --git a/l b/l\nnew file mode 120000\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+target\n\\ No newline at end of file\n',
);

const JOB = encodeTryJob({
  jobId: '1795216283.1-2',
  branch: 'main',
  baserev: '1b9d7a711f1a42b6a7ca058c6520858ab4040346',
  patchLevel: 1,
  patch: PATCH,
  repository: 'https://git.example.org/r.git',
  project: '',
  who: 'Jane',
  comment: '',
  builderNames: ['linux'],
  properties: { a: '1' },
  tree: null,
  priority: null,
  client: null,
});

const golden = readFileSync(new URL('../../packages/shared/src/protocol/golden/v1.json', import.meta.url));

const TARGETS: Record<string, { sample: Uint8Array; parse: (bytes: Uint8Array) => unknown }> = {
  'try job': { sample: JOB, parse: (bytes) => parseTryJob(bytes) },
  netstrings: { sample: JOB, parse: (bytes) => parseNetstrings(bytes, { maxCount: 1000 }) },
  patch: { sample: PATCH, parse: (bytes) => checkPatch(bytes, { level: 1 }) },
  '.buildbot': {
    sample: encoder.encode('connect: ssh\nhost: ci\nbuilders: [a, b]\nproperties: { x: "1" }\nwait: true\n'),
    parse: async (bytes) => {
      const decoded = decodeConfigText(bytes);
      return parseDotBuildbot(text(bytes), JSON.stringify(decoded).slice(0, 10));
    },
  },
  '.buildbot/options': {
    sample: encoder.encode("try_connect = 'ssh'\ntry_builders = ['a', 'b']  # two\nmasterstatus = None\n"),
    parse: (bytes) => parseOptionsFile(text(bytes)),
  },
  'binary frame': {
    sample: encodeFrame({ type: 'blob', key: '1.1.0.0', blob: 'p', offset: 0 }, PATCH),
    parse: (bytes) => decodeFrame(bytes),
  },
  'worker message': { sample: golden, parse: (bytes) => parseMessage(workerMessageSchema, text(bytes)) },
  'master message': { sample: golden, parse: (bytes) => parseMessage(masterMessageSchema, text(bytes)) },
  duration: { sample: encoder.encode('2d03h1h05m30s'), parse: (bytes) => parseDuration(text(bytes)) },
  'log text': {
    sample: encoder.encode('\x1b[1;31mred\x1b[0m\rprogress\r\n\x1b]0;title\x07 é\x1b[?1049h\n'),
    parse: (bytes) => {
      const sanitizer = new LogSanitizer({ colour: true });
      return sanitizer.push(bytes) + sanitizer.end() + sanitizeName(text(bytes));
    },
  },
};

test.each(Object.entries(TARGETS))(
  '%s: arbitrary bytes are refused or read, never thrown at',
  async (name, target) => {
    const random = generator(SEED);
    const deadline = performance.now() + SECONDS * 1000;
    let runs = 0;
    let bytes = target.sample;
    try {
      for (; runs < 20 || performance.now() < deadline; runs++) {
        // Mutants of mutants go further astray, and every now and then one begins afresh.
        bytes = mutate(random() < 0.3 || bytes.length > 100_000 ? target.sample : bytes, random);
        await target.parse(bytes);
      }
    } catch (error) {
      throw new Error(
        `${name}: FUZZ_SEED=${SEED}, run ${runs}, input ${JSON.stringify(text(bytes).slice(0, 2000))}`,
        {
          cause: error,
        },
      );
    }
    expect(runs).toBeGreaterThanOrEqual(20);
  },
);
