import { ExternalError, UserError } from '@buildbot/shared';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type ApiLimits, MASTER_STOPS, NotFound, type Told } from './api-client.ts';
import { type Answer, type ApiServer, apiServer, DIALECTS } from './testing/api-server.ts';
import { LinkError } from './transport.ts';

describe.each(DIALECTS)('the API client over %s', (dialect) => {
  let server: ApiServer | undefined;
  afterEach(() => server?.close());

  async function client(answer: Answer, limits?: ApiLimits) {
    server = await apiServer(dialect, answer, limits);
    return server.client;
  }

  function json(status: number, value: unknown): Answer {
    return (_, response) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(value));
    };
  }

  it('gives the resources under their plural key', async () => {
    const api = await client((request, response) => {
      expect(request.url).toBe('/api/v2/builds/17');
      json(200, { builds: [{ buildid: 17 }], meta: {} })(request, response);
    });
    expect(await api.resources('builds', 'builds/17')).toEqual([{ buildid: 17 }]);
  });

  it('tells what is not there, what is refused and what broke apart', async () => {
    const statuses = [404, 400, 403, 500];
    const api = await client((request, response) =>
      json(statuses.shift() ?? 200, { error: 'because' })(request, response),
    );
    await expect(api.get('x', 'x')).rejects.toThrow(NotFound);
    await expect(api.get('x', 'x')).rejects.toThrow(UserError);
    await expect(api.get('x', 'x')).rejects.toMatchObject({ exitCode: 5 });
    await expect(api.get('x', 'x')).rejects.toThrow(ExternalError);
  });

  it('survives an answer that is no JSON', async () => {
    const api = await client((_, response) => response.end('<html>'));
    await expect(api.get('builds', 'builds')).rejects.toThrow(/has no builds/);
  });

  it('asks for a control method and gives its result', async () => {
    const api = await client((request, response) => {
      let body = '';
      request.on('data', (bytes: Buffer) => {
        body += bytes.toString();
      });
      request.on('end', () => {
        const { id, method, params } = JSON.parse(body);
        json(200, { jsonrpc: '2.0', id, result: [method, params.reason] })(request, response);
      });
    });
    expect(await api.control('builds/1', 'stop', { reason: 'wrong branch' })).toEqual([
      'stop',
      'wrong branch',
    ]);
  });

  it('gives the reason when a control method is refused', async () => {
    const api = await client(json(400, { error: { code: -32602, message: 'no such builder' } }));
    await expect(api.control('x', 'force', {})).rejects.toThrow('no such builder');
  });

  it('follows events from a number on, tells a resync, and notices the end of the stream', async () => {
    const api = await client((request, response) => {
      expect(request.url).toBe('/api/v2/events?path=builds%2F*%2F*&path=steps%2F*%2F*&from=41');
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('event: ready\ndata: {"n":41}\n\n: still here\n\n');
      response.write(
        'id: 42\ndata: {"k":"builds/1/new","m":{"buildid":1},"n":42}\n\nevent: resync\nid: 50\ndata: {"resync":true,"n":50}\n\n',
      );
      response.end();
    });
    const told: Told[] = [];
    const reading = (async () => {
      for await (const one of api.events(['builds/*/*', 'steps/*/*'], 41, new AbortController().signal))
        told.push(one);
    })();
    await expect(reading).rejects.toThrow(LinkError);
    expect(told).toEqual([
      { k: 'builds/1/new', m: { buildid: 1 }, n: 42 },
      { resync: true, n: 50 },
    ]);
  });

  it('tells a master that stops on purpose from a line that breaks', async () => {
    const api = await client((_, response) => response.end('event: stopping\ndata: {"n":41}\n\n'));
    const events = api.events(['builds/*/*'], 41, new AbortController().signal);
    await expect(events.next()).rejects.toThrow(new LinkError(MASTER_STOPS));
  });

  it('ends an event stream quietly when nobody wants it any more', async () => {
    const enough = new AbortController();
    const api = await client((_, response) => {
      response.writeHead(200);
      response.write('data: {"k":"builds/1/new","m":{},"n":1}\n\n');
    });
    const told: Told[] = [];
    for await (const one of api.events(['builds/*/*'], null, enough.signal)) {
      told.push(one);
      enough.abort();
    }
    expect(told).toHaveLength(1);
  });

  it('takes a host that does not answer, and a stream that has gone silent, for a lost link', async () => {
    const limits = { answerMs: 100, silentIntervalMs: 20 };
    const api = await client((request, response) => {
      if (!request.url?.includes('events')) return;
      response.writeHead(200);
      response.write('data: {"k":"builds/1/new","m":{},"n":1}\n\n');
    }, limits);
    await expect(api.get('builds', 'builds')).rejects.toThrow(new LinkError('no answer within 0.1s'));
    const events = api.events(['builds/*/*'], null, new AbortController().signal);
    expect((await events.next()).value).toMatchObject({ n: 1 });
    await expect(events.next()).rejects.toThrow(new LinkError('nothing was heard for too long'));
  });

  it('takes an answer that stops in its middle for a lost link', async () => {
    const limits = { answerMs: 1000, silentIntervalMs: 20 };
    const api = await client((_, response) => void response.write('{"builds":['), limits);
    await expect(api.get('builds', 'builds')).rejects.toThrow(
      new LinkError('nothing was heard for too long'),
    );
  });

  it('asks anew for a followed log that is quiet, from where it is, until somebody hangs up', async () => {
    const asked: string[] = [];
    const api = await client(
      (request, response) => {
        asked.push(request.url ?? '');
        response.writeHead(200);
        if (asked.length === 1) response.write('abc');
        else if (asked.length < 4) response.flushHeaders();
        else response.end('def');
      },
      { answerMs: 1000, silentIntervalMs: 10 },
    );
    const chunks: Uint8Array[] = [];
    for await (const bytes of api.rawLog(1, 0, true)) chunks.push(bytes);
    expect(Buffer.concat(chunks).toString()).toBe('abcdef');
    expect(asked.map((url) => new URL(url, 'http://x').searchParams.get('offset'))).toEqual([
      '0',
      '3',
      '3',
      '3',
    ]);
  });

  it('gives a followed log up for lost when nobody answers any more', async () => {
    let requests = 0;
    const api = await client(
      (_, response) => {
        requests += 1;
        if (requests === 1) response.write('abc');
      },
      { answerMs: 500, silentIntervalMs: 10 },
    );
    const log = api.rawLog(1, 0, true);
    expect(Buffer.from((await log.next()).value ?? []).toString()).toBe('abc');
    await expect(log.next()).rejects.toThrow(new LinkError('no answer within 0.5s'));
  });

  it('lets go of a log at any byte of it without a word', async () => {
    const api = await client((_, response) => {
      response.writeHead(200, { 'content-length': 3000 });
      response.write(Buffer.alloc(1500));
      response.end(Buffer.alloc(1500));
    });
    // The socket of an answer whose end is near has nobody who listens to its errors: the test runner would count them.
    for (let round = 0; round < 50; round += 1) {
      const enough = new AbortController();
      const log = api.rawLog(1, 0, true, enough.signal);
      for (let chunk = 0; chunk <= round % 2; chunk += 1) await log.next();
      for (let tick = 0; tick < round % 5; tick += 1) await new Promise((resolve) => setImmediate(resolve));
      enough.abort();
      for await (const rest of log) expect(rest.length).toBeGreaterThan(0);
    }
  });

  it('does not count the time in which nobody reads', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const held = Promise.withResolvers<void>();
    const api = await client((_, response) => {
      response.write('one');
      void held.promise.then(() => response.end('two'));
    });
    const log = api.rawLog(1, 0, false);
    expect(Buffer.from((await log.next()).value ?? []).toString()).toBe('one');
    vi.advanceTimersByTime(3_600_000);
    held.resolve();
    expect(Buffer.from((await log.next()).value ?? []).toString()).toBe('two');
  });

  it('takes a heartbeat for a sign of life', async () => {
    let beats = 0;
    const api = await client(
      (_, response) => {
        response.writeHead(200);
        const timer = setInterval(() => {
          const isLast = ++beats === 12;
          response.write(isLast ? 'data: {"k":"builds/1/new","m":{},"n":1}\n\n' : ': still here\nid: 1\n\n');
          if (isLast) clearInterval(timer);
        }, 20);
      },
      { answerMs: 1000, silentIntervalMs: 60 },
    );
    const events = api.events(['builds/*/*'], null, new AbortController().signal);
    expect((await events.next()).value).toMatchObject({ n: 1 });
    await events.return(undefined);
  });

  it('says that the link broke when a log is cut off, and goes on from the byte it has', async () => {
    const log = Buffer.alloc(300_000, 'abcdefg\n');
    const api = await client((request, response) => {
      const offset = Number(new URL(request.url ?? '', 'http://x').searchParams.get('offset'));
      response.writeHead(200);
      if (offset > 0) response.end(log.subarray(offset));
      else response.write(log.subarray(0, 100_000), () => setImmediate(() => server?.cut()));
    });
    const chunks: Uint8Array[] = [];
    const read = async (offset: number) => {
      for await (const bytes of api.rawLog(1, offset, false)) chunks.push(bytes);
    };
    await expect(read(0)).rejects.toThrow(LinkError);
    if (dialect === 'HTTP/2') return;
    await read(Buffer.concat(chunks).length);
    expect(Buffer.concat(chunks).equals(log)).toBe(true);
  });

  it('lets events, a large log and a question share one connection', async () => {
    const big = 8 * 1024 * 1024;
    const api = await client((request, response) => {
      if (request.url?.includes('/raw')) response.end(Buffer.alloc(big));
      else if (request.url?.includes('events')) response.write('data: {"k":"a/b/c","m":{},"n":1}\n\n');
      else json(200, { builds: [] })(request, response);
    });
    const enough = new AbortController();
    const events = api.events(['a/*/*'], null, enough.signal);
    expect((await events.next()).value).toMatchObject({ n: 1 });
    let size = 0;
    for await (const bytes of api.rawLog(1, 0, false)) {
      if (size === 0) expect(await api.get('builds', 'builds')).toEqual([]);
      size += bytes.length;
    }
    expect(size).toBe(big);
    enough.abort();
  });
});
