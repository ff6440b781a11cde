import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { FAILURE, SUCCESS } from '@buildbot/shared';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../support/processes.ts';
import { compare } from './history.ts';
import { ALL_ESCAPES, FUGITIVE, makeText, parseLedger, planJobs, resultsOf, scriptOf } from './jobs.ts';
import { randomFrom } from './random.ts';
import { jobOfReason } from './submitter.ts';

const options = { count: 200, spanMs: 1_000, texts: 14, escapes: 0.2, ways: ALL_ESCAPES, prefix: 'job' };

test('the same seed gives the same jobs and texts', () => {
  const draw = () => {
    const random = randomFrom(42);
    return {
      jobs: planJobs(random, options),
      texts: [0, 1, 2, 3, 4, 5, 6].map((n) => makeText(random, n, 9_999)),
    };
  };
  expect(draw()).toEqual(draw());
});

test('jobs come through every door, pass and fail, and some leave processes behind', () => {
  const jobs = planJobs(randomFrom(1), options);
  expect(new Set(jobs.map(({ door }) => door))).toEqual(new Set(['file', 'tryserver', 'force']));
  expect(new Set(jobs.map(resultsOf))).toEqual(new Set([SUCCESS, FAILURE]));
  expect(jobs.some(({ steps }) => steps.some(({ escapes }) => escapes.length > 0))).toBe(true);
  expect(new Set(jobs.map(({ id }) => id)).size).toBe(jobs.length);
});

test('a script prints its texts, notes its start and end, and every kind of escape leaves a process', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'job-'));
  const text = makeText(randomFrom(3), 4, 50_000);
  await Promise.all(['texts', 'run'].map((name) => mkdir(join(folder, name))));
  await writeFile(join(folder, 'texts', '4'), text);
  await writeFile(join(folder, 'fugitive.sh'), FUGITIVE);
  const script = scriptOf('job-1', { texts: [4, 4], pause: 0, code: 3, escapes: ALL_ESCAPES });
  await writeFile(join(folder, 'script'), script);
  const command = 'sh "$0/script" one.1.0 "$0" > "$0/out" 2>&1; echo $?';
  const shell = promisify(execFile)('sh', ['-c', command, folder]);
  const pids = await until('all to get away', async () => {
    const lines = parseLedger(await readFile(join(folder, 'ledger'), 'utf8').catch(() => ''));
    const found = lines.flatMap((line) => (line.kind === 'fugitive' ? [line.pid] : []));
    return found.length === ALL_ESCAPES.length && found;
  });
  onTestFinished(async () => {
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await rm(folder, { recursive: true });
  });
  expect((await shell).stdout).toBe('3\n');
  expect(compare(await readFile(join(folder, 'out')), Buffer.concat([text, text]))).toBe('whole');
  const lines = parseLedger(await readFile(join(folder, 'ledger'), 'utf8'));
  expect(lines).toContainEqual({ kind: 'start', key: 'one.1.0', jobId: 'job-1' });
  expect(lines).toContainEqual({ kind: 'end', key: 'one.1.0' });
});

test('a log is compared byte for byte', () => {
  const bytes = (text: string) => Buffer.from(text);
  expect(compare(bytes('abc'), bytes('abc'))).toBe('whole');
  expect(compare(bytes('ab'), bytes('abc'))).toBe('prefix');
  expect(compare(bytes(''), bytes('abc'))).toBe('prefix');
  expect(compare(bytes('abd'), bytes('abc'))).toBe('differs');
  expect(compare(bytes('abcc'), bytes('abc'))).toBe('differs');
});

test('a forced build is known by its reason', () => {
  expect(jobOfReason('forced by administrator: job-1-2')).toBe('job-1-2');
  expect(jobOfReason("'try' job by user alice")).toBeNull();
});
