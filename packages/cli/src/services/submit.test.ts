import { describe, expect, it } from 'vitest';
import { type Program, sshConnection } from '../client/testing/ssh-server.ts';
import { LinkError } from '../client/transport.ts';
import type { MasterLink, SshLink } from './master-link.ts';
import { sshSubmitter } from './submit.ts';

const JOB = Buffer.from('1:5,2:{},');
const line = (value: unknown) => `${JSON.stringify(value)}\n`;

/** Takes the job and answers, and then leaves the channel. */
function answering(verdict: object): Program {
  return async (far) => {
    far.write(line({ tryserver: 1, user: 'alice', maxJobBytes: 1000, master: true }));
    await far.bytes(JSON.parse(await far.line()).bytes);
    far.write(line(verdict) + line({ attached: false, reason: 'not now' }));
    return 0;
  };
}

const accepts = answering({ status: 'accepted', buildSetId: 7, requests: [] });

/** A submitter whose nth connection meets the nth of `worlds`: a far side, or a link that breaks. */
function submitter(worlds: readonly (Program | 'breaks')[]) {
  const sleeps: number[] = [];
  let connections = 0;
  const ssh = {
    name: 'ci.example',
    tryLink: async () => {
      const far = worlds[connections++];
      if (far === 'breaks' || far === undefined) throw new LinkError('connection reset');
      return {
        connection: sshConnection(far),
        program: ['buildbot'],
        jobdir: '/try',
        greetingTimeoutMs: 5000,
        isKnown: false,
        answerTimeoutMs: 60_000,
      };
    },
    close: () => {},
  } as unknown as SshLink;
  const clock = { now: () => 0, monotonic: () => 0, sleep: async (ms: number) => void sleeps.push(ms) };
  const follow: MasterLink = {
    name: 'api',
    open: () => Promise.reject(new Error('not asked')),
    close: () => {},
  };
  return { made: sshSubmitter(ssh, follow, { clock, random: () => 0.5 }), sleeps, count: () => connections };
}

describe('handing in a job over SSH', () => {
  it('sends it again when the link broke, ever more slowly', async () => {
    const { made, sleeps } = submitter(['breaks', 'breaks', accepts]);
    expect(await made.submit(JOB, 'job-1')).toMatchObject({
      kind: 'verdict',
      verdict: { status: 'accepted', buildSetId: 7 },
      user: 'alice',
      client: null,
    });
    expect(sleeps).toHaveLength(2);
    expect(sleeps[1]).toBeGreaterThan(sleeps[0] ?? 0);
  });

  it('opens another server for a second job than the one that was opened for the first', async () => {
    const { made, count } = submitter([accepts, accepts, accepts, accepts]);
    await made.prepare();
    for (const _ of ['first', 'second'])
      expect(await made.submit(JOB, 'job-1')).toMatchObject({ verdict: { status: 'accepted' } });
    expect(count()).toBe(3);
  });

  it('gives up after the fourth time', async () => {
    const { made, count } = submitter([]);
    await expect(made.submit(JOB, 'job-1')).rejects.toThrow('connection reset');
    expect(count()).toBe(4);
  });

  it('does not ask again what was refused', async () => {
    const { made, count } = submitter([answering({ status: 'refused', reason: 'no', hint: null }), accepts]);
    expect(await made.submit(JOB, 'job-1')).toMatchObject({ verdict: { status: 'refused' } });
    expect(count()).toBe(1);
  });
});
