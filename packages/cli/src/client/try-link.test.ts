import { ExternalError, UserError } from '@buildbot/shared';
import { describe, expect, it } from 'vitest';
import { type Program, sshConnection } from './testing/ssh-server.ts';
import { LinkError } from './transport.ts';
import { attach, openServer, submitJob, type TryLinkOptions } from './try-link.ts';

const JOB = Buffer.from('1:5,2:{},');
const GREETING = { tryserver: 1, user: 'alice', maxJobBytes: 1000, master: true };

function line(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

function world(program: Program, change: Partial<TryLinkOptions> = {}) {
  const connection = sshConnection(program);
  const options: TryLinkOptions = {
    connection,
    program: ['buildbot'],
    jobdir: '/srv/try',
    greetingTimeoutMs: 5000,
    isKnown: false,
    answerTimeoutMs: 60_000,
    ...change,
  };
  return { connection, options };
}

describe('handing in a job', () => {
  it('gets a verdict, and goes on with the channel as the API', async () => {
    const taken: unknown[] = [];
    const { options, connection } = world(async (far) => {
      far.write(line(GREETING));
      const request = JSON.parse(await far.line());
      taken.push(request, await far.bytes(request.bytes));
      const requests = [{ requestId: 3, builderId: 1, builder: 'linux' }];
      // The first bytes of the API come in the same packet as the last line.
      far.write(
        line({ status: 'accepted', buildSetId: 7, requests }) +
          line({ attached: true, reason: null }) +
          'API',
      );
      return 0;
    });
    const submission = await submitJob(options, JOB);
    expect(taken).toEqual([{ op: 'submit', bytes: JOB.length }, JOB]);
    expect(connection.started).toEqual([['buildbot', 'tryserver', '--jobdir', '/srv/try', '--attach']]);
    if (submission.kind !== 'verdict' || submission.api === null) throw new Error('expected a channel');
    expect(submission).toMatchObject({ user: 'alice', verdict: { status: 'accepted', buildSetId: 7 } });
    let rest = '';
    for await (const bytes of submission.api) rest += String(bytes);
    expect(rest).toBe('API');
  });

  it('tells why a job is refused', async () => {
    const { options } = world(async (far) => {
      far.write(line(GREETING));
      await far.bytes(JSON.parse(await far.line()).bytes);
      far.write(line({ status: 'refused', reason: 'no builder \u001b[31m', hint: 'there is linux' }));
      return 0;
    });
    expect(await submitJob(options, JOB)).toMatchObject({
      verdict: { status: 'refused', reason: 'no builder ␛[31m', hint: 'there is linux' },
      api: null,
    });
  });

  it('does not send what the server would not take', async () => {
    const { options } = world(async (far) => {
      far.write(line({ ...GREETING, maxJobBytes: 3 }));
      await far.all();
      return 0;
    });
    await expect(submitJob(options, JOB)).rejects.toThrow('the server takes at most 3');
  });

  it('sends the job on the same channel when a real Buildbot behind a forced command stays silent', async () => {
    let job: Buffer | undefined;
    const { options, connection } = world(
      async (far) => {
        job = await far.all();
        return 0;
      },
      { greetingTimeoutMs: 20 },
    );
    expect(await submitJob(options, JOB)).toEqual({ kind: 'delivered' });
    expect(job).toEqual(JOB);
    expect(connection.started).toHaveLength(1);
  });

  it('starts the program again without --attach when an older one refuses the option', async () => {
    let job: Buffer | undefined;
    const { options, connection } = world(async (far) => {
      if (far.argv.includes('--attach')) {
        // Buildbot 3.7 says so on standard output.
        far.write('/usr/bin/buildbot:  option --attach not recognized\n');
        return 1;
      }
      job = await far.all();
      return 0;
    });
    expect(await submitJob(options, JOB)).toEqual({ kind: 'delivered' });
    expect(job).toEqual(JOB);
    expect(connection.started[1]).toEqual(['buildbot', 'tryserver', '--jobdir', '/srv/try']);
  });

  it('takes a wrong try directory for the mistake in the settings that it is, whatever was asked for', async () => {
    const { options, connection } = world(async (far) => {
      far.writeError('buildbot tryserver: /nope is not a try directory\n');
      return 78;
    });
    const wrong = {
      exitCode: 2,
      message: '/nope is not a try directory',
      hint: expect.stringContaining('jobdir'),
    };
    await expect(submitJob(options, JOB)).rejects.toMatchObject(wrong);
    await expect(attach(options)).rejects.toMatchObject(wrong);
    expect(connection.started).toHaveLength(2);
  });

  it('uses a server that was opened before there was a job', async () => {
    const { options, connection } = world(async (far) => {
      far.write(line(GREETING));
      await far.bytes(JSON.parse(await far.line()).bytes);
      far.write(line({ status: 'kept', reason: 'no master runs' }));
      return 0;
    });
    const opening = openServer(options);
    await opening;
    expect(await submitJob(options, JOB, opening)).toMatchObject({ verdict: { status: 'kept' } });
    expect(connection.started).toHaveLength(1);
  });

  it('passes over what a chatty shell profile says before the greeting', async () => {
    const { options } = world(async (far) => {
      far.write(`Welcome!\n\n${line(GREETING)}`);
      await far.bytes(JSON.parse(await far.line()).bytes);
      far.write(line({ status: 'refused', reason: 'no', hint: null }));
      return 0;
    });
    expect(await submitJob(options, JOB)).toMatchObject({ verdict: { status: 'refused' } });
  });

  it('names the failure of the plain program with its own words', async () => {
    const { options } = world(async (far) => {
      if (far.argv.includes('--attach')) return 1;
      await far.all();
      far.writeError('no such directory: /srv/try\n');
      return 1;
    });
    await expect(submitJob(options, JOB)).rejects.toThrow(/no such directory/);
  });

  it('says what to do when the program is not there', async () => {
    const { options } = world(async (far) => {
      far.writeError('sh: buildbot: not found\n');
      return 127;
    });
    const error = await submitJob(options, JOB).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ExternalError);
    expect(error).toMatchObject({ hint: expect.stringContaining('--buildbotbin') });
  });

  it('takes a connection that broke for a lost link, not for an answer', async () => {
    const { options } = world(async (far) => {
      far.write(line(GREETING));
      await far.line();
      return null;
    });
    await expect(submitJob(options, JOB)).rejects.toThrow(LinkError);
  });

  it('takes a server that says no more for a lost link, once its job does not move on', async () => {
    const { options } = world(
      async (far) => {
        far.write(line(GREETING));
        await far.all();
        return 0;
      },
      { answerTimeoutMs: 80 },
    );
    await expect(submitJob(options, JOB)).rejects.toThrow(new LinkError('no answer'));
  });

  it.each(['garbage', '{}', '{"tryserver":2}', '[1]', ''])('refuses %j as a greeting', async (greeting) => {
    const { options } = world(async (far) => {
      far.write(`${greeting}\n`);
      return 0;
    });
    await expect(submitJob(options, JOB)).rejects.toThrow(ExternalError);
  });

  it('leaves --jobdir out when the forced command knows it', async () => {
    const { options, connection } = world(async (far) => far.all().then(() => 0), {
      jobdir: null,
      greetingTimeoutMs: 20,
    });
    await submitJob(options, JOB);
    expect(connection.started[0]).toEqual(['buildbot', 'tryserver', '--attach']);
  });
});

describe('attaching', () => {
  it('gives the channel as the API', async () => {
    const { options } = world(async (far) => {
      far.write(line(GREETING));
      expect(JSON.parse(await far.line())).toEqual({ op: 'attach' });
      far.write(line({ attached: true, reason: null }));
      return 0;
    });
    expect((await attach(options)).user).toBe('alice');
  });

  it('is worth another try while no master answers', async () => {
    const { options } = world(async (far) => {
      far.write(line(GREETING) + line({ attached: false, reason: 'no master runs' }));
      return 0;
    });
    await expect(attach(options)).rejects.toThrow(LinkError);
  });

  it('is worth another try when a server that has greeted before is silent', async () => {
    const { options } = world(async (far) => far.all().then(() => 0), {
      greetingTimeoutMs: 20,
      isKnown: true,
    });
    await expect(attach(options)).rejects.toThrow(new LinkError('no answer'));
  });

  it('gives a connection up on which nothing can be started any more', async () => {
    const { options, connection } = world(async () => 0, { greetingTimeoutMs: 20, isKnown: true });
    let isClosed = false;
    const close = () => {
      isClosed = true;
    };
    const dead = { ...connection, exec: () => new Promise<never>(() => {}), close };
    await expect(attach({ ...options, connection: dead })).rejects.toThrow(LinkError);
    expect(isClosed).toBe(true);
  });

  it('says that a real Buildbot offers nothing to follow', async () => {
    const { options } = world(async () => 1);
    await expect(attach(options)).rejects.toThrow(UserError);
  });
});
