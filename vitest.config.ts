import { configDefaults, defineConfig } from 'vitest/config';

/** They need the built files of Buildbot's own web UI, which are no part of this project: there is nothing to run without. */
const NEEDS_UI = process.env.BUILDBOT_UI_DIR === undefined ? ['test/e2e/web-ui.test.ts'] : [];

export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'], externalConditions: ['source'] } },
  test: {
    include: ['packages/*/src/**/*.test.{ts,tsx}', 'test/**/*.test.{ts,tsx}'],
    exclude: [...configDefaults.exclude, ...NEEDS_UI],
    disableConsoleIntercept: true,
    // Most of the time is waiting for processes and links, so there are more of them than processors.
    maxWorkers: 3,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
