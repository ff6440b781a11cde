/** A token from its making to its end, with the real programs: `buildbot-master token`, and commands that use it. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { end, type Finished, program, run, unusedPort } from '../support/processes.ts';
import { createWorld, type World } from '../support/world.ts';

let world: World;
let api: string;

beforeAll(async () => {
  const port = await unusedPort();
  api = `http://127.0.0.1:${port}`;
  world = await createWorld({
    builders: { linux: [{ type: 'shell', name: 'ok', command: ['true'] }] },
    config: {
      listen: { api: `127.0.0.1:${port}`, workers: `127.0.0.1:${await unusedPort()}` },
      access: {
        read: 'users',
        roles: { operators: ['group:ops'] },
        rules: [{ allow: ['control_worker'], to: ['operators'] }],
      },
    },
    start: false,
  });
  await world.startMaster();
});

afterAll(() => world.remove());

function token(action: string, ...more: string[]): Promise<Finished> {
  return run(program('master', 'token', action, world.basedir, ...more));
}

/** A new token in a file of its own. */
async function tokenFile(name: string, ...options: string[]): Promise<string> {
  const made = await token('add', '--name', name, ...options);
  expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/^bbt_[\w-]{43}\n$/) });
  const path = join(world.dir, name);
  await writeFile(path, made.stdout, { mode: 0o600 });
  return path;
}

const builders = (...more: string[]) => world.buildbot(world.dir, ['builders', '--api', api, ...more]);

test('nobody reads without one, and the exit code says why', async () => {
  const refused = await builders();
  expect([refused.code, refused.stderr]).toEqual([5, expect.stringContaining('needs a login or a token')]);
});

test('it lets in by flag and by environment, outlives the master, and ends when it is revoked', async () => {
  const path = await tokenFile('reader', '--user', 'alice', '--scope', 'read', '--expires', '30d');
  expect(await builders('--token-file', path)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('linux'),
  });
  await end(world.master as NonNullable<typeof world.master>, 'SIGTERM');
  await world.startMaster();
  const listed = (await token('list')).stdout;
  expect(listed).toMatch(
    /^1 {2}alice {2}reader {2}read {2}expires \d{4}-\d\d-\d\d {2}used \d{4}-\d\d-\d\d\n$/,
  );
  expect(listed).not.toContain((await readFile(path, 'utf8')).trim());
  expect(await token('revoke', '1')).toMatchObject({ code: 0 });
  const refused = await builders('--token-file', path);
  expect([refused.code, refused.stderr]).toEqual([5, expect.stringContaining('unknown, expired or revoked')]);
});

test('it does what a rule allows to its user, and nothing else', async () => {
  const path = await tokenFile('operator', '--user', 'carol', '--group', 'ops', '--scope', 'read,control');
  const order = await world.buildbot(world.dir, ['workers', '--api', api, '--token-file', path]);
  expect(order.code).toBe(0);
  const secret = (await readFile(path, 'utf8')).trim();
  const call = async (target: string, method: string) => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: {} });
    const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' };
    return (await fetch(`${api}/api/v2/${target}`, { method: 'POST', headers, body })).status;
  };
  expect([await call('workers/1', 'pause'), await call('masters/1', 'reconfig')]).toEqual([200, 403]);
});

test('it is made only with a name, a user and scopes that there are', async () => {
  const refusals: [string[], string][] = [
    [['--user', 'alice'], 'a token needs --name'],
    [['--name', 'x', '--user', 'a', '--scope', 'write'], 'there is no scope "write"'],
    [['--name', 'x', '--user', 'a', '--expires', 'soon'], 'expected a duration'],
    [['--name', 'x', '--user', 'anonymous'], 'expected one line of visible text'],
  ];
  for (const [options, message] of refusals) {
    const refused = await token('add', ...options);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining(message)]);
  }
  expect((await token('revoke', '999')).stderr).toContain('there is no token 999');
});

test('checkconfig names the line of a password file that is not fit to be used', async () => {
  const file = join(world.basedir, 'master.yaml');
  const before = await readFile(file, 'utf8');
  await writeFile(file, `${before}\nwww: { auth: { htpasswd: users } }\n`);
  await writeFile(join(world.basedir, 'users'), 'alice:$apr1$salt$hash\n', { mode: 0o600 });
  const checked = await run(program('master', 'checkconfig', world.basedir));
  expect([checked.code, checked.stderr]).toEqual([
    2,
    expect.stringContaining('users:1: the password of "alice" is MD5'),
  ]);
  await writeFile(file, before);
});
