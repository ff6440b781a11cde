/**
 * Buildbot's own web UI, built and unchanged, in a real browser. It is no part of this project: `BUILDBOT_UI_DIR` names
 * the folder of its built files (`buildbot_www/static` of Debian's or PyPI's package), `BUILDBOT_UI_BROWSER` a Chromium.
 */
import { afterAll, beforeAll, describe, test } from 'vitest';
import { type Browser, startBrowser } from '../support/browser.ts';
import { type OpenApi, openApi } from '../support/open-api.ts';

const { BUILDBOT_UI_DIR: ui, BUILDBOT_UI_BROWSER: program = 'chromium' } = process.env;

describe('the built web UI', () => {
  let world: OpenApi;
  let browser: Browser;
  const ends: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    world = await openApi({ www: { ui } }, (end) => ends.push(end));
    const running = await world.build();
    await world.output(running, 'hello from the step\n');
    await world.finish(running);
    browser = await startBrowser(program);
    ends.unshift(() => browser.close());
  });

  afterAll(async () => {
    for (const end of ends) await end();
  });

  test.each([
    ['', 'linux'],
    ['builders', 'linux'],
    ['builders/1', 'build successful'],
    ['builders/1/builds/1', 'make test'],
    ['builders/1/builds/1/steps/0/logs/stdio', 'hello from the step'],
    ['workers', 'w1'],
    ['schedulers', 'force'],
    ['masters', 'host'],
    ['about', 'buildrequest'],
  ])('#/%s shows %j', async (place, text) => {
    await browser.shows(`http://${world.host}/#/${place}`, text);
  });
});
