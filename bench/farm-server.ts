/** As much of a master's API as `watch` asks for: many builders at work, events, and a log that never ends. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  build,
  builder,
  estimate,
  log,
  request,
  step,
  worker,
} from '../packages/cli/src/view/testing/resources.ts';

export interface FarmServer {
  url: string;
  /** Log lines sent so far. */
  lines(): number;
  close(): void;
}

export interface FarmLoad {
  builders: number;
  eventsPerSecond: number;
  linesPerSecond: number;
}

/** Events and lines are sent this often. Milliseconds. */
const BEAT_MS = 20;

export async function farmServer({
  builders,
  eventsPerSecond,
  linesPerSecond,
}: FarmLoad): Promise<FarmServer> {
  const ids = Array.from({ length: builders }, (_, index) => index + 1);
  const begun = Date.now() - 30_000;
  const builds = ids.map((id) =>
    build({ buildid: id, builderid: id, started_at_ms: begun, buildrequestid: id }),
  );
  const steps = ids.map((id) => step({ stepid: id, buildid: id, started_at_ms: begun }));
  const status = {
    ...{ event_number: 1, title: 'Farm', master: null, builds, steps, last_builds: [], shelved: [] },
    builders: ids.map((id) => builder({ builderid: id, name: `builder-${id}` })),
    workers: ids.slice(0, 20).map((id) => worker({ workerid: id, name: `worker-${id}` })),
    buildrequests: ids.slice(0, 20).map((id) => request({ builderid: id, buildrequestid: 1000 + id })),
    pending: 20,
  };
  let line = 0;
  const intervals = new Set<NodeJS.Timeout>();
  /** Calls `send` so often that it comes to `perSecond` in all, by the clock, as long as the answer is read. */
  const pour = (response: ServerResponse, perSecond: number, send: (count: number) => void): void => {
    const since = performance.now();
    let sent = 0;
    const timer = setInterval(() => {
      const due = Math.floor(((performance.now() - since) / 1000) * perSecond) - sent;
      sent += due;
      if (due > 0) send(due);
    }, BEAT_MS);
    intervals.add(timer);
    response.on('close', () => clearInterval(timer));
  };
  const tellEvents = (response: ServerResponse): void => {
    let n = 1;
    pour(response, eventsPerSecond, (count) => {
      for (let i = 0; i < count; i++) {
        const id = (n++ % builders) + 1;
        const m = step({ stepid: id, buildid: id, started_at_ms: begun, state_string: `at ${n}` });
        response.write(`data: ${JSON.stringify({ n, k: `builds/${id}/steps/0/updated`, m })}\n\n`);
      }
    });
  };
  const sendLog = (response: ServerResponse): void =>
    pour(response, linesPerSecond, (count) => {
      let text = '';
      for (let i = 0; i < count; i++)
        text += `[${++line}] c++ -O2 -c source/part-${line % 977}.cc -o part-${line % 977}.o\n`;
      response.write(text);
    });
  const server = createServer((asked, response) => {
    const path = (asked.url ?? '').replace('/api/v2/', '').split('?')[0] ?? '';
    response.writeHead(200).flushHeaders();
    if (path === 'events') return tellEvents(response);
    if (path.endsWith('/raw')) return sendLog(response);
    const id = Number(/\d+/.exec(path)?.[0]);
    const answers: Record<string, object> = {
      status: { statuses: [status] },
      buildrequests: { buildrequests: status.buildrequests },
      [`builders/${id}/estimate`]: { estimates: [estimate({ builderid: id })] },
      [`builds/${id}/steps`]: { steps: steps.filter(({ buildid }) => buildid === id) },
      [`steps/${id}/logs`]: { logs: [log({ stepid: id })] },
    };
    response.end(JSON.stringify(answers[path] ?? { masters: [] }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lines: () => line,
    close: () => {
      for (const timer of intervals) clearInterval(timer);
      server.closeAllConnections();
      server.close();
    },
  };
}
