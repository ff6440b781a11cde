import { describe, expect, it } from 'vitest';
import type { ApiClient } from '../client/api-client.ts';
import { LinkError } from '../client/transport.ts';
import { buildSet } from '../view/testing/resources.ts';
import type { Submitted } from './submit.ts';
import { fakeClock } from './testing/fake-clock.ts';
import { whenTaken } from './when-taken.ts';

type Verdict = Extract<Submitted, { kind: 'verdict' }>['verdict'];

/** A master that is back after `closed` attempts to reach it, and then has the job or answers `verdict`. */
function setup({
  closed = 0,
  hasJob = false,
  verdict,
}: {
  closed?: number;
  hasJob?: boolean;
  verdict?: Verdict;
}) {
  const clock = fakeClock();
  const ended = new AbortController();
  const sent: string[] = [];
  let opened = 0;
  const client = { resources: async () => (hasJob ? [buildSet()] : []) } as unknown as ApiClient;
  const taken = whenTaken({
    jobId: 'job-1',
    bytes: Buffer.from('1:5,2:{},'),
    submitter: {
      link: {
        name: 'ci',
        open: async () => {
          opened += 1;
          if (opened <= closed) throw new LinkError('no master is running here');
          return client;
        },
        close: () => {},
      },
      submit: async (_bytes, jobId) => {
        sent.push(jobId);
        const status = verdict ?? { status: 'kept', reason: 'no master' };
        return { kind: 'verdict', verdict: status, user: null, client: null, why: null };
      },
    },
    clock,
    random: () => 0,
    giveUpAfterMs: 60_000,
    signal: ended.signal,
  });
  const pass = async (seconds: number) => {
    for (let second = 0; second < seconds; second += 1) await clock.advance(1000);
  };
  return { clock, ended, sent, taken, client, pass };
}

describe('a job that is kept', () => {
  it('is found by its id as soon as a master is back, and not sent twice', async () => {
    const { taken, client, sent, pass } = setup({ closed: 3, hasJob: true });
    await pass(10);
    expect(await taken).toEqual({ buildSetId: 7, client });
    expect(sent).toEqual([]);
  });

  it('is sent once more to a master that has not got it, for its reason', async () => {
    const verdict = { status: 'refused', reason: 'no builder linus', hint: null } as const;
    const { taken, sent, pass } = setup({ closed: 1, verdict });
    await pass(10);
    expect(await taken).toMatchObject({ verdict });
    expect(sent).toEqual(['job-1']);
  });

  it('is given up when nobody took it in time, after having been sent twice at the most', async () => {
    const { taken, sent, pass } = setup({});
    await pass(100);
    expect(await taken).toBeNull();
    expect(sent).toEqual(['job-1']);
  });

  it.each([0, Number.POSITIVE_INFINITY])(
    'is left at once by who has had enough (closed %j times)',
    async (closed) => {
      const { taken, ended, sent } = setup({ closed });
      ended.abort();
      expect(await taken).toBeNull();
      expect(sent).toEqual([]);
    },
  );
});
