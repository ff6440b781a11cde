/** The files of the web UI are for everybody, and nothing else becomes so: rows 7 (paths out of a folder) and 1 (who may read). */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type OpenApi, openApi, sendBytes } from '../support/open-api.ts';

const SECRET = 'the secret of another folder';

let folder: string;
let world: OpenApi;
let endWorld: () => Promise<void>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pages-'));
  const ui = join(folder, 'ui');
  mkdirSync(join(ui, 'assets'), { recursive: true });
  mkdirSync(join(folder, 'ui-of-another'));
  writeFileSync(join(folder, 'secret.txt'), SECRET);
  writeFileSync(join(folder, 'ui-of-another', 'secret.txt'), SECRET);
  writeFileSync(join(ui, '.htpasswd'), SECRET);
  writeFileSync(join(ui, 'index.html'), '<!-- BUILDBOT_CONFIG_PLACEHOLDER -->');
  writeFileSync(join(ui, 'assets', 'a.js'), 'run()');
  symlinkSync('../secret.txt', join(ui, 'link.txt'));
  symlinkSync('..', join(ui, 'up'));
  symlinkSync('../ui-of-another', join(ui, 'beside'));
  world = await openApi({ access: { read: 'users' }, www: { ui } }, (end) => {
    endWorld = end;
  });
  await world.build({ submitter: 'alice' });
});

afterAll(async () => {
  await endWorld();
  rmSync(folder, { recursive: true });
});

describe('row 7: no path leads out of the folder of the web UI', () => {
  test.each([
    '/../secret.txt',
    '/assets/../../secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/%2e%2e%2fsecret.txt',
    '/..%5csecret.txt',
    '/..\\secret.txt',
    '/....//secret.txt',
    '/%252e%252e/secret.txt',
    '//secret.txt',
    '/%00/secret.txt',
    '/secret.txt%00.js',
    '/link.txt',
    '/up/secret.txt',
    '/beside/secret.txt',
    '/.htpasswd',
    '/%2ehtpasswd',
    '/assets/',
    '/assets',
  ])('%s', async (target) => {
    const bytes = `GET ${target} HTTP/1.1\r\nHost: ${world.host}\r\nConnection: close\r\n\r\n`;
    const answer = await sendBytes(world.host, bytes);
    expect(answer).toMatch(/^HTTP\/1\.1 (400|401|404) /);
    expect(answer).not.toContain(SECRET);
  });
});

describe('row 1: where reading is for users only', () => {
  test('everybody gets the pages, which tell them to log in', async () => {
    const page = await world.ask('/');
    expect([page.status, (await world.ask('/assets/a.js')).body]).toEqual([200, 'run()']);
    expect(page.body).toContain('"user_any_access_allowed":false');
    expect(page.body).not.toContain('linux');
  });

  test.each([
    '/api/v2/builds',
    '/%61pi/v2/builds',
    '/api%2fv2/builds',
    '/./api/v2/builds',
    '/assets/../api/v2/builds',
    '//api/v2/builds',
    '/api/v2/../v2/builds',
    '/api/v2/builders/linux/../../builds',
    '/sse/listen/*/*/*',
    '/%73se/listen/*/*/*',
    '/metrics',
    '/metric%73',
    '/auth/tokens',
  ])('nobody reads %s as if it were a page', async (target) => {
    const bytes = `GET ${target} HTTP/1.1\r\nHost: ${world.host}\r\nConnection: close\r\n\r\n`;
    expect(await sendBytes(world.host, bytes)).toMatch(/^HTTP\/1\.1 (400|401|404) /);
  });
});
