/** The log of an open build over breaks of the link, and over what cannot be read. */
import type { ServerResponse } from 'node:http';
import { expect, it, onTestFinished } from 'vitest';
import { apiServer } from '../client/testing/api-server.ts';
import { systemClock } from '../clock.ts';
import { until } from '../ui/testing/terminal.ts';
import { log, step } from '../view/testing/resources.ts';
import { CurrentClient } from './current-client.ts';
import { OpenBuild } from './open-build.ts';
import { ViewStore } from './view-store.ts';

/** Serves build 100 with one step; the log is `sendLog`'s. */
async function serve(logs: () => object[], sendLog: (offset: number, response: ServerResponse) => void) {
  const server = await apiServer('HTTP/1.1', (asked, response) => {
    const path = (asked.url ?? '').replace('/api/v2/', '');
    if (path.startsWith('logs/')) return sendLog(Number(/offset=(\d+)/.exec(path)?.[1]), response);
    response.end(JSON.stringify(path.startsWith('builds/') ? { steps: [step()] } : { logs: logs() }));
  });
  onTestFinished(() => server.close());
  return server;
}

function open(current: CurrentClient): OpenBuild {
  const build = new OpenBuild(100, {
    current,
    store: new ViewStore(),
    clock: systemClock,
    onChange: () => {},
  });
  onTestFinished(() => build.close());
  build.show(1000);
  return build;
}

const linesOf = (build: OpenBuild): string[] => build.log?.window.lines(0, 100) ?? [];

it('goes on with the next link where the last one broke, without a gap', async () => {
  const text = 'one\ntwo\nthree\n';
  const first = await serve(
    () => [log()],
    (_, response) => void response.write(text.slice(0, 6)),
  );
  const second = await serve(
    () => [log()],
    (offset, response) => void response.end(text.slice(offset)),
  );
  const current = new CurrentClient();
  current.use(first.client);
  const build = open(current);
  await until(
    () => linesOf(build).join() === 'one,tw',
    () => linesOf(build).join(),
  );
  first.cut();
  current.use(second.client);
  await until(
    () => linesOf(build).length === 3,
    () => linesOf(build).join(),
  );
  expect(linesOf(build)).toEqual(['one', 'two', 'three']);
  expect(build.steps.map(({ name }) => name)).toEqual(['test']);
});

it('waits for a log that is not there yet, and reads only the end of a long one', async () => {
  let asked = 0;
  const offsets: number[] = [];
  const logs = () => (++asked === 1 ? [] : [log({ num_bytes: 10_000_000 })]);
  const server = await serve(logs, (offset, response) => {
    offsets.push(offset);
    response.end('end\n');
  });
  const current = new CurrentClient();
  const build = open(current);
  current.use(server.client);
  await until(
    () => linesOf(build).join() === 'end',
    () => linesOf(build).join(),
  );
  expect(offsets).toEqual([10_000_000 - 512 * 1024]);
});

it('says why a log cannot be read', async () => {
  const server = await serve(
    () => [log()],
    (_, response) => {
      response.statusCode = 403;
      response.end(JSON.stringify({ error: 'not for you' }));
    },
  );
  const current = new CurrentClient();
  current.use(server.client);
  const build = open(current);
  await until(
    () => build.log?.trouble != null,
    () => 'no trouble',
  );
  expect(build.log?.trouble).toContain('not for you');
});
