/**
 * What lands in a try directory and should not: each file ends in `failed/` with a reason that a person understands, and
 * never disturbs the good job beside it. The table goes straight into `new/`, as an account with write access could;
 * the ways over `tryserver` are tested on top.
 */
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { end, type Finished, type Program, program, run, start, until } from '../support/processes.ts';
import { createWorld, type World } from '../support/world.ts';

let world: World;
let work: string;

beforeAll(async () => {
  world = await createWorld({
    builders: {
      linux: [{ type: 'checkout' }, { type: 'shell', name: 'test', command: ['./run.sh'] }],
      sums: [{ type: 'checkout' }, { type: 'shell', name: 'sum', command: ['sha256sum', 'big.bin'] }],
    },
  });
  work = await world.clone();
});

afterAll(() => world.remove());

/** A version 5 job file; `fields` win over those of a job that would be built. */
function job(fields: Record<string, unknown> = {}, version = '5'): Buffer {
  const json = JSON.stringify({
    ...{ jobid: randomBytes(8).toString('hex'), branch: 'main', baserev: '', patch_level: 1 },
    ...{ patch_body: null, repository: '', project: '', who: 'dev', comment: null },
    ...{ builderNames: ['linux'], properties: {}, ...fields },
  });
  return Buffer.concat([netstring(version), netstring(json)]);
}

function netstring(text: string): Buffer {
  return Buffer.from(`${Buffer.byteLength(text)}:${text},`);
}

/** A patch that adds one file. */
function adds(path: string): string {
  return `--- /dev/null\n+++ b/${path}\n@@ -0,0 +1 @@\n+x\n`;
}

function addsLink(path: string, target: string): string {
  const head = `diff --git a/${path} b/${path}\nnew file mode 120000\nindex 0000000..1111111\n`;
  return `${head}--- /dev/null\n+++ b/${path}\n@@ -0,0 +1 @@\n+${target}\n\\ No newline at end of file\n`;
}

const GOOD = job();
const withPatch = (patch: string): Buffer => job({ patch_body: patch });
const withProperty = (name: string): Buffer => job({ properties: { [name]: 'mine' } });

const BAD: [name: string, bytes: Buffer, reason: RegExp][] = [
  ['nothing', Buffer.alloc(0), /the job file is empty/],
  ['noise', Buffer.from([0xff, 0, 0x1b, 0x5d, 0x32, 0x3b, 7]), /no netstring at byte 0/],
  ['text', Buffer.from('hello master\n'), /no netstring at byte 0/],
  ['a length that is not there', Buffer.from('1:5,99999999:{}'), /says 99999999 bytes, but the file ends/],
  ['a negative length', Buffer.from('-1:5,'), /no netstring at byte 0/],
  ['a leading zero', Buffer.from('01:5,'), /leading zero/],
  ...['7', '', '-1', '10', '４', '0x5'].map((version): [string, Buffer, RegExp] => [
    `version "${version}"`,
    job({}, version),
    /unknown version '.*': expected 1 to 6/,
  ]),
  ['JSON that is a list', Buffer.concat([netstring('5'), netstring('[]')]), /expected a JSON object/],
  ['JSON that is none', Buffer.concat([netstring('5'), netstring('{')]), /JSON/],
  ['JSON of great depth', Buffer.concat([netstring('5'), netstring('['.repeat(1e5))]), /JSON object: /],
  ['a second document', Buffer.concat([GOOD, netstring('{}')]), /1 more netstrings/],
  ['an unknown builder', job({ builderNames: ['linus'] }), /has no builder 'linus'; it has linux, sums/],
  ['a builder with a control character', job({ builderNames: ['a\u001b]0;x\u0007'] }), /control/],
  ['an empty builder', job({ builderNames: [''] }), /builderNames/],
  ...['revision', 'workername', 'owner', 'scheduler'].map((name): [string, Buffer, RegExp] => [
    `the reserved property ${name}`,
    withProperty(name),
    new RegExp(`'${name}' is set by the build and cannot be given`),
  ]),
  [
    'the property __proto__',
    Buffer.concat([netstring('5'), netstring(`{"jobid":"p","properties":{"__proto__":{"admin":true}}}`)]),
    /__proto__/,
  ],
  ['a patch level of 99', job({ patch_level: 99, patch_body: adds('x') }), /patch_level/],
  ['a patch level of -1', job({ patch_level: -1, patch_body: adds('x') }), /patch_level/],
  ['a patch without a change', withPatch('hello\n'), /no change to any file is in the patch/],
  ['a patch of white space', withPatch(' \n\n'), /no change to any file/],
  ['a patch that leaves the tree', withPatch(adds('../../etc/cron.d/x')), /leaves the tree by '\.\.'/],
  ['a patch with a hook', withPatch(adds('.git/hooks/post-checkout')), /reaches into '\.git'/],
  ['a patch with a hook in capitals', withPatch(adds('sub/.GIT/config')), /reaches into '\.git'/],
  [
    'a patch with an absolute name',
    withPatch('--- /etc/passwd\n+++ /etc/passwd\n@@ -1 +1 @@\n-a\n+b\n'),
    /absolute/,
  ],
  ['a link to /etc/passwd', withPatch(addsLink('l', '/etc/passwd')), /points to an absolute path/],
  ['a link out of the tree', withPatch(addsLink('l', '../../x')), /points out of the tree/],
  [
    'a link and a file behind it',
    withPatch(`${addsLink('d', '.')}diff --git a/d/f b/d/f\nnew file mode 100644\n${adds('d/f')}`),
    /'d\/f' lies behind a link/,
  ],
  ['a combined diff', withPatch('diff --cc a\nindex 1,2..3\n--- a/a\n+++ b/a\n'), /combined diff/],
  ['a coloured diff', withPatch('\u001b[1mdiff --git a/x b/x\u001b[m\n'), /coloured/],
  [
    'a binary file without its content',
    withPatch('diff --git a/b b/b\nindex 1..2 100644\nBinary files a/b and b/b differ\n'),
    /whose content is not in the patch/,
  ],
];

/** Put bytes into `new/` the way every client does: whole. */
async function drop(name: string, bytes: Uint8Array): Promise<void> {
  await writeFile(join(world.jobdir, 'tmp', name), bytes);
  await rename(join(world.jobdir, 'tmp', name), join(world.jobdir, 'new', name));
}

/** The reason beside the file in `failed/`, once both are there. */
function reasonOf(name: string): Promise<string> {
  return until(`${name} to be refused`, async () => {
    const failed = await readdir(join(world.jobdir, 'failed'));
    return failed.includes(name) && (await readFile(join(world.jobdir, 'failed', `${name}.reason`), 'utf8'));
  });
}

interface BuildSet {
  bsid: number;
  reason: string;
  complete: boolean;
  results: number;
}

async function buildSets(jobId?: string): Promise<BuildSet[]> {
  const query = jobId === undefined ? '' : `?external_idstring=${jobId}`;
  return (await world.api<{ buildsets: BuildSet[] }>(`/api/v2/buildsets${query}`)).buildsets;
}

/** Drop a good job and wait until it has been built. */
async function buildsGoodOne(): Promise<void> {
  const jobId = randomBytes(8).toString('hex');
  await drop(jobId, job({ jobid: jobId }));
  const [set] = await until('the good job to be built', async () => {
    const found = await buildSets(jobId);
    return found[0]?.complete && found;
  });
  expect(set?.results).toBe(0);
}

test.each(BAD)('a job file with %s is refused with a reason', async (name, bytes, reason) => {
  const before = (await buildSets()).length;
  const file = name.replace(/[^\p{L}\p{N} ]/gu, '_');
  await drop(file, bytes);
  expect(await reasonOf(file)).toMatch(reason);
  expect(await readFile(join(world.jobdir, 'failed', file))).toEqual(bytes);
  expect((await buildSets()).length).toBe(before);
});

test('a job cut at any byte is refused, and all of them at once do not keep the good one waiting', async () => {
  const cuts = Array.from({ length: GOOD.length - 1 }, (_, index) => index + 1);
  await Promise.all(cuts.map((length) => drop(`cut-${length}`, GOOD.subarray(0, length))));
  await buildsGoodOne();
  for (const length of cuts) expect(await reasonOf(`cut-${length}`)).toMatch(/not a try job: /);
});

test('what is not a regular file is not opened, and what is too large is not read', async () => {
  const inNew = (name: string): string => join(world.jobdir, 'new', name);
  const before = (await buildSets()).length;
  const secret = join(world.basedir, 'master.yaml');
  await symlink(secret, inNew('a-link'));
  await mkdir(inNew('a-folder'));
  await link(secret, inNew('a-hard-link'));
  execFileSync('mkfifo', [inNew('a-fifo')]);
  const huge = join(world.jobdir, 'tmp', 'huge');
  await writeFile(huge, '1:5,');
  await truncate(huge, 60_000_000);
  await rename(huge, inNew('huge'));
  expect(await reasonOf('a-link')).toContain('symbolic link');
  expect(await reasonOf('a-folder')).toContain('not a regular file');
  expect(await reasonOf('a-fifo')).toContain('not a regular file');
  expect(await reasonOf('huge')).toContain('60000000 bytes; this scheduler takes at most 52428800');
  expect(await reasonOf('a-hard-link')).not.toContain('secret');
  expect((await buildSets()).length).toBe(before);
  expect((await stat(secret)).isFile()).toBe(true);
  await buildsGoodOne();
});

test('row 34: the same job twice is one build set; its id with other content is refused', async () => {
  const bytes = job({ jobid: 'sent-twice' });
  await Promise.all([drop('twice-1', bytes), drop('twice-2', bytes)]);
  await until('both to be taken in', async () => {
    const taken = await readdir(join(world.jobdir, 'cur'));
    return taken.includes('twice-1') && taken.includes('twice-2');
  });
  expect(await buildSets('sent-twice')).toHaveLength(1);
  await drop('thrice', job({ jobid: 'sent-twice', comment: 'another' }));
  expect(await reasonOf('thrice')).toContain('the job id sent-twice was used before, by another job');
  expect(await buildSets('sent-twice')).toHaveLength(1);
});

/** `buildbot tryserver` on this machine, as a plain account has it. */
function tryserver(input: Uint8Array, ...more: string[]): Promise<Finished> {
  return run(program('cli', 'tryserver', '--jobdir', world.jobdir, ...more), { input, env: world.env });
}

test('through tryserver the reason comes back at once', async () => {
  const good = await tryserver(job());
  expect([good.code, good.stdout]).toEqual([0, expect.stringMatching(/^accepted, build set \d+\n$/)]);
  const unknown = await tryserver(job({ builderNames: ['linus'] }));
  expect(unknown.code).toBe(1);
  expect(unknown.stderr).toContain("no builder 'linus'; it has linux, sums (did you mean 'linux'?)");
  const empty = await tryserver(Buffer.alloc(0));
  expect([empty.code, empty.stderr]).toEqual([1, expect.stringContaining('nothing came on standard input')]);
  const hostile = await tryserver(withPatch(adds('.git/config')));
  expect(hostile.stderr).toContain("reaches into '.git'");
});

test('row 35: an upload that breaks off leaves nothing behind', async () => {
  const child = start(program('cli', 'tryserver', '--jobdir', world.jobdir, '--attach'), {
    env: world.env,
    input: Buffer.concat([Buffer.from('{"op":"submit","bytes":1000000}\n'), randomBytes(400_000)]),
  });
  const { code, stdout } = await child.finished;
  expect(stdout).toContain('cut off 600000 bytes before its end');
  expect(code).toBe(1);
  expect(await readdir(join(world.jobdir, 'tmp'))).toEqual([]);
});

test('a person who asks for something impossible is told what there is', async () => {
  const { code, stderr } = await world.buildbot(work, ['try', '-b', 'linus']);
  expect(code).toBe(2);
  expect(stderr).toContain("no builder 'linus'; it has linux, sums");
  expect(stderr).toContain("did you mean 'linux'?");
});

test('text that looks like a file name is sent as it is', async () => {
  const { stdout } = await world.buildbot(work, [
    'try',
    '--property',
    'a=@/etc/passwd',
    '--dryrun',
    '--json',
  ]);
  expect(JSON.parse(stdout)).toMatchObject({ properties: { a: '@/etc/passwd' } });
});

test('a job for a master that is away is kept, waited for if wanted, and built as its user’s when the master is back', async () => {
  const known = new Set((await buildSets()).map(({ bsid }) => bsid));
  if (world.master !== null) await end(world.master);
  const { code, stdout } = await world.buildbot(work, ['try', '-b', 'linux', '--no-wait']);
  expect(stdout).toMatch(/kept/);
  expect(code).toBe(75);
  const [waiting] = await readdir(join(world.jobdir, 'new'));
  expect(waiting).toMatch(/,user=alice$/);
  const [waits, leaves] = [1, 2].map(() => world.startBuildbot(work, ['try', '-b', 'linux']));
  for (const one of [waits, leaves]) await one?.says(/try delivered: no master is running here/);
  const left = await end(leaves as Program, 'SIGINT');
  expect(left.code).toBe(75);
  await world.startMaster();
  const set = await until('the job to be built', async () =>
    (await buildSets()).find(({ bsid, complete }) => complete && !known.has(bsid)),
  );
  expect(set).toMatchObject({ reason: "'try' job by user alice", results: 0 });
  await until('the file to be moved', async () =>
    (await readdir(join(world.jobdir, 'cur'))).includes(waiting as string),
  );
  expect(await readdir(join(world.jobdir, 'new'))).toEqual([]);
  const waited = await waits?.finished;
  expect([waited?.code, waited?.stdout]).toEqual([0, expect.stringMatching(/✔ try #\d+ passed/)]);
  const [, words = ''] = /To watch it then: buildbot (watch \S+)/.exec(left.stdout) ?? [];
  expect((await world.buildbot(work, words.split(' '))).stdout).toMatch(/✔ try #\d+ passed/);
});

test('a patch of 20 MB that does not compress goes through whole', async () => {
  const content = randomBytes(20 * 1024 * 1024);
  await writeFile(join(work, 'big.bin'), content);
  const { code, stdout, stderr } = await world.buildbot(work, ['try', '-b', 'sums', '--json']);
  expect([code, stderr]).toEqual([0, '']);
  const { builds } = JSON.parse(stdout) as { builds: { buildId: number }[] };
  const log = await world.buildbot(work, ['log', String(builds[0]?.buildId), 'sum']);
  expect(log.stdout).toBe(`${createHash('sha256').update(content).digest('hex')}  big.bin\n`);
});
