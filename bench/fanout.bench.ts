/**
 * Events to 1,000 subscribers over real sockets, half on `/ws` and half on `/api/v2/events`: from the commit that makes an
 * event to the last of them, how many events a second are told, and what subscribers cost in memory, also those that
 * read nothing. The subscribers share this process, and the machine, with what is measured.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Answer, Ask } from './fanout-server.ts';
import { type Figure, median, report } from './report.ts';

const SUBSCRIBERS = Number(process.argv[2] ?? 1000);
const STUCK = 100;
const CALM = { count: 30, perSecond: 10 };
const FLOOD = { count: 100, perSecond: 1000 };
/** What piles up for those who read nothing. */
const FOR_THE_STUCK = { count: 200, perSecond: 5000 };
const PATH = 'schedulers/*/*';

/** When each event came to the last subscriber, and to how many it has come, by its number. */
interface Heard {
  last: number;
  count: number;
}
const heard = new Map<number, Heard>();
let wake = (): void => {};

const server = fork(fileURLToPath(new URL('fanout-server.ts', import.meta.url)), [], {
  execArgv: ['--conditions=source', '--expose-gc', '--no-warnings'],
});
const [{ address }] = (await once(server, 'message')) as [{ address: string }];
const conditions = { subscribers: SUBSCRIBERS, websockets: SUBSCRIBERS / 2, path: PATH };
try {
  const alone = await memory();
  const sockets = await Promise.all(Array.from({ length: SUBSCRIBERS }, (_, i) => subscribe(i % 2 === 0)));
  tell('memory with all subscribers', await memory(), 'MB', { ...conditions, alone: Math.round(alone) });
  await measureCalm();
  await measureFlood(FLOOD, 'events told', {});
  for (const socket of sockets.slice(0, STUCK)) socket.pause();
  const before = await memory();
  await measureFlood(FOR_THE_STUCK, 'events told to the others', { stuck: STUCK });
  tell('memory grown by stuck subscribers', (await memory()) - before, 'MB', { ...conditions, stuck: STUCK });
  for (const socket of sockets) socket.destroy();
} finally {
  server.disconnect();
}

async function measureCalm(): Promise<void> {
  const { times } = await told(CALM, SUBSCRIBERS);
  const more = { ...conditions, ...CALM };
  tell('commit to the last subscriber, median', median(times), 'ms', more);
  const p99 = times.toSorted((a, b) => a - b).at(Math.ceil(times.length * 0.99) - 1) ?? 0;
  tell('commit to the last subscriber, p99', p99, 'ms', more);
}

async function measureFlood(
  load: { count: number; perSecond: number },
  figure: string,
  more: { stuck?: number },
) {
  const { seconds } = await told(load, SUBSCRIBERS - (more.stuck ?? 0));
  tell(figure, load.count / seconds, '1/s', { ...conditions, ...more, count: load.count });
}

/** Makes events and waits until each has come to so many: milliseconds for each, and seconds for all. */
async function told(load: { count: number; perSecond: number }, to: number) {
  heard.clear();
  const { begun } = (await ask({ ask: 'events', ...load })) as { begun: number[] };
  const isAllTold = () => heard.size === load.count && [...heard.values()].every(({ count }) => count >= to);
  const limit = AbortSignal.timeout(20_000);
  while (!isAllTold()) {
    limit.throwIfAborted();
    await new Promise<void>((resolve) => {
      wake = resolve;
      setTimeout(resolve, 100);
    });
  }
  const ends = [...heard].toSorted(([a], [b]) => a - b).map(([, { last }]) => last);
  const times = ends.map((end, i) => end - (begun[i] ?? 0));
  return { times, seconds: (Math.max(...ends) - (begun[0] ?? 0)) / 1000 };
}

function note(number: number): void {
  const known = heard.get(number) ?? { last: 0, count: 0 };
  known.last = performance.timeOrigin + performance.now();
  known.count++;
  heard.set(number, known);
  if (known.count >= SUBSCRIBERS - STUCK) wake();
}

/** A raw socket, so that the subscribers cost little beside the server. Resolves when it has begun to listen. */
async function subscribe(isWebSocket: boolean): Promise<Socket> {
  const [host = '', port] = address.split(':');
  const socket = connect(Number(port), host).setNoDelay();
  const begun = Promise.withResolvers<void>();
  const begins = isWebSocket ? '"msg":"OK"' : 'event: ready';
  let rest = '';
  socket.on('data', (chunk) => {
    const text = rest + chunk.toString('latin1');
    if (text.includes(begins)) begun.resolve();
    if (isWebSocket && text.includes('101 Switching')) socket.write(startConsuming());
    const end = text.lastIndexOf('}') + 1;
    for (const [, number] of text.slice(0, end).matchAll(/"n":(\d+)\}(?!\})/g))
      if (!text.includes('event: ready')) note(Number(number));
    rest = text.includes(begins) ? '' : text.slice(end);
  });
  socket.on('error', begun.reject);
  const upgrade =
    'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
  const [target, head] = isWebSocket ? ['/ws', upgrade] : [`/api/v2/events?path=${PATH}`, ''];
  socket.write(`GET ${target} HTTP/1.1\r\nHost: ${address}\r\n${head}\r\n`);
  await begun.promise;
  return socket;
}

/** One masked text frame of a client; a mask of zeros leaves the text as it is. */
function startConsuming(): Buffer {
  const text = JSON.stringify({ cmd: 'startConsuming', path: PATH, _id: 1 });
  return Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);
}

async function ask(question: Ask): Promise<Answer> {
  server.send(question);
  const [answer] = (await once(server, 'message')) as [Answer];
  return answer;
}

async function memory(): Promise<number> {
  const answer = (await ask({ ask: 'memory' })) as { mb: number };
  return answer.mb;
}

function tell(figure: string, value: number, unit: Figure['unit'], more: Record<string, unknown>): void {
  report({ bench: 'fanout', figure, value, unit, conditions: more });
}
