import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ApiServer, apiServer } from '../client/testing/api-server.ts';
import { systemClock } from '../clock.ts';
import { build, log, step } from '../view/testing/resources.ts';
import { addressLink, type MasterLink } from './master-link.ts';
import { type ReadLogInput, readLog } from './read-log.ts';

const WHOLE = Buffer.from('first \u001b[2Jline\nsecond line\n');

let server: ApiServer;
let link: MasterLink;
let lists: Record<string, object>;
/** What the log holds. */
let bytes: Buffer;
/** Offsets at which the log was asked for. */
let offsets: number[];
/** How many bytes an answer gives before it breaks off. */
let breaksAfter: number;

beforeEach(async () => {
  bytes = WHOLE;
  offsets = [];
  breaksAfter = Number.POSITIVE_INFINITY;
  lists = {
    'builds/100': { builds: [build()] },
    'builds/100/steps': {
      steps: [
        step({ stepid: 1, name: 'compile', complete: true, results: 0 }),
        step({ stepid: 2, number: 1, name: 'test', complete: true, results: 2 }),
        step({ stepid: 3, number: 2, name: 'clean up' }),
      ],
    },
    'steps/1/logs': { logs: [log({ logid: 10 })] },
    'steps/2/logs': { logs: [log({ logid: 19, name: 'junit', slug: 'junit' }), log({ logid: 20 })] },
    'steps/3/logs': { logs: [] },
  };
  server = await apiServer('HTTP/1.1', (asked, response) => {
    const url = new URL(asked.url ?? '', 'http://x');
    const path = url.pathname.replace('/api/v2/', '');
    if (path.endsWith('/raw')) {
      const offset = Number(url.searchParams.get('offset'));
      offsets.push(offset);
      const rest = bytes.subarray(offset);
      response.writeHead(200, { 'content-length': rest.length });
      response.write(rest.subarray(0, breaksAfter), () => {
        if (rest.length <= breaksAfter) response.end();
        else setImmediate(() => response.destroy());
      });
      return;
    }
    response.statusCode = path in lists ? 200 : 404;
    response.end(JSON.stringify(lists[path] ?? { error: 'not found' }));
  });
  link = addressLink(server.url);
});
afterEach(async () => {
  link.close();
  await server.close();
});

async function read(change: Partial<ReadLogInput> = {}) {
  const chunks: Uint8Array[] = [];
  const input: ReadLogInput = {
    reference: { buildId: 100 },
    follow: false,
    raw: true,
    allowsColour: false,
    giveUpAfterMs: Number.POSITIVE_INFINITY,
    write: async (chunk) => void chunks.push(Buffer.from(chunk)),
    signal: new AbortController().signal,
    ...change,
  };
  const result = await readLog({ link, store: null, clock: systemClock, random: () => 0 }, input);
  return { ...result, text: Buffer.concat(chunks).toString() };
}

describe('the log of a build', () => {
  it('that is empty gives way to what is said of the step that failed', async () => {
    bytes = Buffer.alloc(0);
    const why = "'nosuch' cannot be started";
    const broken = step({ stepid: 2, name: 'test', complete: true, results: 4, state_string: why });
    lists['builds/100/steps'] = { steps: [broken] };
    expect(await read()).toMatchObject({ bytes: 0, failure: [`test: the log is empty: ${why}`] });
    lists['builds/100/steps'] = { steps: [{ ...broken, results: 0 }] };
    expect(await read()).toMatchObject({ bytes: 0, failure: [] });
  });

  it('is that of the step that failed, byte for byte', async () => {
    expect(await read()).toEqual({
      logId: 20,
      step: 'test',
      log: 'stdio',
      bytes: bytes.length,
      failure: [],
      text: bytes.toString(),
    });
  });

  it('says whose failure the step is, where the master does', async () => {
    const told = {
      mark: 'flaky',
      marks: {},
      tests_failed: 0,
      tests: [],
      path: 'a.c',
      line: 3,
      log: null,
      lines: [],
    };
    lists['builds/100/failure_digest'] = { failure_digests: [{ steps: [{ stepid: 2, ...told }] }] };
    expect((await read()).failure).toEqual(['✗ test  FLAKY  a.c:3']);
    expect((await read({ step: 'compile' })).failure).toEqual([]);
  });

  it('is fit for a terminal unless the bytes were asked for', async () => {
    const { text } = await read({ raw: false });
    expect(text).toContain('second line');
    expect(text).not.toContain('\u001b');
  });

  it.each([
    [{ step: 'compile' }, 10],
    [{ step: '0' }, 10],
    [{ step: 'test', log: 'junit' }, 19],
  ])('can be named: %o', async (named, logId) => {
    expect((await read(named)).logId).toBe(logId);
  });

  it('without a failed step is that of the one that runs', async () => {
    lists['builds/100/steps'] = {
      steps: [
        step({ stepid: 1, name: 'compile', complete: true, results: 0 }),
        step({ stepid: 2, name: 'test' }),
      ],
    };
    expect((await read()).step).toBe('test');
  });

  it('goes on where the link broke, without a byte twice or lost', async () => {
    breaksAfter = 10;
    expect((await read()).text).toBe(bytes.toString());
    expect(offsets).toEqual([0, 10, 20]);
  });

  it.each([
    [{ step: 'tset' }, "build 100 has no step 'tset'", "Did you mean 'test'?"],
    [{ step: 'test', log: 'nothing-like-it' }, "has no log 'nothing-like-it'", 'There is: junit, stdio.'],
    [{ step: 'clean up' }, "step 'clean up' has no log", undefined],
    [{ reference: { buildId: 9 } }, 'there is no build 9', "'buildbot watch' shows the builds."],
  ])('that is not there is refused: %o', async (change, message, hint) => {
    await expect(read(change)).rejects.toMatchObject({ message: expect.stringContaining(message), hint });
  });
});
