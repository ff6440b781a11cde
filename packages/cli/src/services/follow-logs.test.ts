import { afterEach, describe, expect, it } from 'vitest';
import { type ApiServer, apiServer } from '../client/testing/api-server.ts';
import { until } from '../ui/testing/terminal.ts';
import { factsOf } from '../view/facts.ts';
import { factsAfterLogs, type LogPiece } from '../view/log-piece.ts';
import { logEventLine, logLines } from '../view/renderers/log.ts';
import { build, log, request, step, summary, T0 } from '../view/testing/resources.ts';
import { LogFollower, type LogPositions, parseLogPositions } from './follow-logs.ts';
import { ViewStore } from './view-store.ts';

const LOGS: Readonly<Record<number, Buffer>> = {
  5000: Buffer.from(Array.from({ length: 400 }, (_, index) => `compile ${index} ✓\n`).join('')),
  5001: Buffer.concat([Buffer.from([0xff, 0x00, 0x0a]), Buffer.from('no newline at the end')]),
  6000: Buffer.from('another builder\n'),
};
const ALL = summary({
  buildrequests: [request(), request({ buildrequestid: 12, builderid: 2 })],
  builds: [build(), build({ buildid: 101, buildrequestid: 12, builderid: 2 })],
  steps: [
    step({ stepid: 1000, complete: true, results: 0, complete_at_ms: T0 + 1 }),
    step({ stepid: 1001, number: 1, name: 'test', started_at_ms: T0 + 2 }),
    step({ stepid: 1002, buildid: 101 }),
  ],
  logs: [
    log({ logid: 5001, stepid: 1001 }),
    log({ logid: 5000, stepid: 1000 }),
    log({ logid: 6000, stepid: 1002 }),
    log({ logid: 6001, stepid: 1002, type: 'h', slug: 'page' }),
  ],
});

describe('following the logs of a try', () => {
  let server: ApiServer | undefined;
  afterEach(() => server?.close());

  interface Part {
    pieces: LogPiece[];
    follower: LogFollower;
    store: ViewStore;
    ended: AbortController;
  }

  /** `breakAfter`: the link breaks after so many bytes of each answer, as long as there are any. */
  async function serve(breakAfter = Number.POSITIVE_INFINITY): Promise<ApiServer> {
    server = await apiServer('HTTP/1.1', (asked, response) => {
      const url = new URL(asked.url ?? '', 'http://x');
      const logId = Number(/logs\/(\d+)\/raw/.exec(url.pathname)?.[1]);
      const bytes = LOGS[logId]?.subarray(Number(url.searchParams.get('offset'))) ?? Buffer.alloc(0);
      response.writeHead(200, { 'content-length': bytes.length });
      if (bytes.length <= breakAfter) return void response.end(bytes);
      response.write(bytes.subarray(0, breakAfter), () => setImmediate(() => response.destroy()));
    });
    return server;
  }

  /** Follows until `isEnough`, which is asked at each piece. */
  function part(from: LogPositions, onPiece: (one: Part, piece: LogPiece) => void = () => {}): Part {
    const store = new ViewStore();
    const ended = new AbortController();
    const pieces: LogPiece[] = [];
    const tell = (piece: LogPiece) => {
      pieces.push(piece);
      onPiece(one, piece);
    };
    const follower = new LogFollower({ store, from, signal: ended.signal, tell });
    const one: Part = { pieces, follower, store, ended };
    store.dispatch({ type: 'summary', summary: ALL });
    return one;
  }

  /** With a new client after each break, as whoever stays linked has it. */
  async function toTheEnd({ follower }: Part, { client }: ApiServer): Promise<void> {
    for (let left = 1000; left > 0; left--) {
      follower.use(client);
      const broke = await follower.settled().then(
        () => false,
        () => true,
      );
      if (!broke) return;
    }
  }

  const bytesOf = (pieces: readonly LogPiece[], logId: number) =>
    Buffer.concat(pieces.filter((piece) => piece.logId === logId).map(({ bytes }) => bytes));

  function expectWhole(pieces: readonly LogPiece[]): void {
    for (const [logId, bytes] of Object.entries(LOGS)) {
      expect(bytesOf(pieces, Number(logId)).equals(bytes)).toBe(true);
    }
  }

  it('tells each log once and whole, those of a build in their order', async () => {
    const one = part(new Map());
    await toTheEnd(one, await serve());
    expectWhole(one.pieces);
    const ofFirst = one.pieces.filter(({ build }) => build.buildId === 100).map(({ logId }) => logId);
    expect(ofFirst).toEqual(ofFirst.toSorted());
    expect(one.pieces.at(-1)?.build.builder).not.toBe('');
  });

  it('goes on at the byte it had come to after each break of the link', async () => {
    const one = part(new Map());
    await toTheEnd(one, await serve(777));
    expectWhole(one.pieces);
  });

  it.each([1, 2, 3, 5, 8])('another process goes on where one had come to after %i pieces', async (count) => {
    const api = await serve(1024);
    const first = part(new Map(), ({ pieces, ended }) => {
      if (pieces.length === count) ended.abort();
    });
    await toTheEnd(first, api);
    expect(first.pieces).toHaveLength(count);
    const second = part(parseLogPositions(first.follower.position ?? ''));
    await toTheEnd(second, api);
    expectWhole([...first.pieces, ...second.pieces]);
    expect(second.pieces.length).toBeGreaterThan(0);
  });

  it('tells nothing after its position was taken, until it may', async () => {
    const api = await serve();
    const one = part(new Map(), ({ follower }) => follower.hold());
    one.follower.use(api.client);
    await until(
      () => one.pieces.length > 0,
      () => 'no piece',
    );
    // Another one, that asks later, has all by now.
    await toTheEnd(part(new Map()), api);
    expect(one.pieces).toHaveLength(1);
    let isOver = false;
    void one.follower.settled().then(() => {
      isOver = true;
    });
    while (!isOver) {
      one.follower.release();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expectWhole(one.pieces);
  });

  it('keeps back what ends a step, and what comes after it in its build, until its log was told', async () => {
    const one = part(new Map());
    const types = () => factsAfterLogs(one.store.state, factsOf(one.store.state)).map(({ key }) => key);
    expect(types()).toEqual(expect.arrayContaining(['step/1000/started', 'step/1002/started']));
    expect(types()).not.toContain('step/1000/finished');
    expect(types()).not.toContain('step/1001/started');
    one.store.dispatch({ type: 'log_told', logId: 5000 });
    expect(types()).toEqual(expect.arrayContaining(['step/1000/finished', 'step/1001/started']));
  });

  it.each(['', '5', '5:', ':5', '0:5', '5:-1', '5:1,', '5:1;6:2'])("refuses '%s' as a position", (text) => {
    expect(() => parseLogPositions(text)).toThrow(/--from/);
  });
});

describe('a piece of a log', () => {
  const about = { buildId: 100, builder: 'linux', number: 5 };
  const piece = (bytes: Uint8Array): LogPiece => ({
    build: about,
    step: 'test',
    log: 'stdio',
    logId: 5000,
    offset: 7,
    bytes,
  });

  it('is lines for people, harmless, with the name of their builder where there are several', () => {
    const hostile = piece(Buffer.from('one\n\n\u001b[2Jtwo\n'));
    expect(logLines(hostile, { isAlone: true })).toEqual(['│ one', '│', expect.stringMatching(/^│ .*two$/)]);
    expect(logLines(hostile, { isAlone: false })[0]).toBe('linux │ one');
    expect(logLines(hostile, { isAlone: true }).join()).not.toContain('\u001b');
  });

  it('is text for scripts where it is text, else base64', () => {
    expect(JSON.parse(logEventLine(piece(Buffer.from('\ufeffgrün\n')), 3))).toEqual({
      schema: 'buildbot.try.event/1',
      event: 'log',
      at: 3,
      build: about,
      step: 'test',
      log: 'stdio',
      logId: 5000,
      offset: 7,
      length: 9,
      text: '\ufeffgrün\n',
    });
    expect(JSON.parse(logEventLine(piece(Buffer.from([0xff, 0x0a])), 3))).toMatchObject({
      length: 2,
      base64: '/wo=',
    });
  });
});
