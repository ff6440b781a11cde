/** A small made-up web UI in a folder, served as the built one is. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { masterConfigSchema } from '@buildbot/shared';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWorld, type World } from '../testing/world.ts';
import { pageParts } from './page-path.ts';

const INDEX =
  '<!doctype html><title>B</title><!-- BUILDBOT_CONFIG_PLACEHOLDER --><script src="a.js"></script>';
const FILES = {
  'index.html': INDEX,
  'browser-warning.js': 'warn()',
  'icon.svg': '<svg/>',
  'assets/index-Bx7k_2Qd.js': 'run()',
  'assets/style.css': 'a{}',
  'assets/font-1a2b3c4d.woff2': 'font',
  'plugins/grid_view/scripts.js': 'grid()',
  'plugins/not_a_plugin/readme.txt': 'x',
  'data.unknown': '?',
};

/** Breaks out of whatever takes it for text without care. */
const TITLE = '</script><script>alert(1)</script><!-- \u2028 $& $`';

let ui: string;
let world: World;
beforeAll(async () => {
  ui = mkdtempSync(join(tmpdir(), 'ui-'));
  for (const [name, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(ui, name)), { recursive: true });
    writeFileSync(join(ui, name), text);
  }
  const { access, www } = masterConfigSchema.parse({ www: { ui } });
  world = await createWorld({
    settings: () => ({ access, www, proxies: [] }),
    title: TITLE,
  });
});
afterAll(async () => {
  await world.close();
  rmSync(ui, { recursive: true });
});

const headers = async (path: string, init?: RequestInit) => {
  const response = await world.get(path, init);
  return { status: response.status, ...Object.fromEntries(response.headers), body: await response.text() };
};

/** What the first page tells its scripts. */
async function configInPage(): Promise<Record<string, unknown>> {
  const page = await (await world.get('/')).text();
  const script = /<script>window\.buildbotFrontendConfig = (.*?);<\/script>/.exec(page)?.[1] ?? '';
  return JSON.parse(script) as Record<string, unknown>;
}

describe('the first page', () => {
  it('holds the same configuration that /config answers with', async () => {
    const answer = await world.get('/config', { headers: { Accept: 'application/json' } });
    expect(await configInPage()).toEqual(await answer.json());
    expect(await configInPage()).toMatchObject({ title: TITLE, buildbotURL: 'http://localhost/' });
  });

  it('is otherwise as it was built, never kept, and never shown inside another page', async () => {
    for (const path of ['/', '/index.html']) {
      const page = await headers(path);
      expect(page).toMatchObject({ status: 200, 'content-type': 'text/html; charset=utf-8' });
      expect(page['cache-control' as never]).toBe('no-store');
      expect(page['content-security-policy' as never]).toContain("frame-ancestors 'none'");
      expect(page.body.replace(/<script>window.*?<\/script>/, '<!-- BUILDBOT_CONFIG_PLACEHOLDER -->')).toBe(
        INDEX,
      );
    }
  });

  it('is left no way out of its script by a title', async () => {
    const page = await (await world.get('/')).text();
    expect(page.match(/<script/g)).toHaveLength(2);
    expect((await configInPage()).title).toBe(TITLE);
  });

  it('names the plugins that have a script', async () => {
    expect((await configInPage()).plugins).toEqual({ grid_view: {} });
    expect((await world.get('/plugins/grid_view/scripts.js')).status).toBe(200);
    expect((await world.get('/plugins/grid_view/styles.css')).status).toBe(404);
  });
});

describe('files', () => {
  it.each([
    ['/browser-warning.js', 'text/javascript; charset=utf-8'],
    ['/icon.svg', 'image/svg+xml'],
    ['/assets/style.css', 'text/css; charset=utf-8'],
    ['/assets/font-1a2b3c4d.woff2', 'font/woff2'],
    ['/data.unknown', 'application/octet-stream'],
  ])('%s is %s', async (path, type) => {
    const answer = await headers(path);
    expect(answer).toMatchObject({ status: 200, 'content-type': type, 'x-content-type-options': 'nosniff' });
    expect(answer.body).toBe(FILES[path.slice(1) as keyof typeof FILES]);
  });

  it('are kept for ever under a name that changes with them, and asked for anew under others', async () => {
    expect(await headers('/assets/index-Bx7k_2Qd.js')).toMatchObject({
      'cache-control': 'public, max-age=31536000, immutable',
    });
    for (const path of ['/assets/style.css', '/icon.svg', '/browser-warning.js'])
      expect(await headers(path)).toMatchObject({ 'cache-control': 'no-cache' });
  });

  it('are not sent again to who has them', async () => {
    const first = await world.get('/icon.svg');
    await first.text();
    const again = { headers: { 'If-None-Match': first.headers.get('etag') ?? '' } };
    expect(await headers('/icon.svg', again)).toMatchObject({ status: 304, body: '' });
    writeFileSync(join(ui, 'icon.svg'), '<svg></svg>');
    expect(await headers('/icon.svg', again)).toMatchObject({ status: 200, body: '<svg></svg>' });
  });

  it('have a head', async () => {
    const answer = await headers('/assets/style.css', { method: 'HEAD' });
    expect(answer).toMatchObject({ status: 200, 'content-length': '3', body: '' });
  });

  it('cannot be written, and what is none is told as everywhere', async () => {
    const answers = [await headers('/icon.svg', { method: 'PUT' }), await headers('/nowhere.js')];
    expect(answers.map(({ status }) => status)).toEqual([400, 404]);
    expect(answers[1]?.body).toContain('Invalid path: /nowhere.js');
  });
});

it('no route begins as a file may, so that none is ever open as files are', () => {
  for (const { path, method } of world.api.routes.filter(({ path: one }) => one !== '*' && one !== '/*')) {
    expect([method, path, pageParts(path.replaceAll(/:\w+(\{.*?\})?/g, 'x'))]).toEqual([method, path, null]);
  }
});
