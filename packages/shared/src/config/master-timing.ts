/**
 * The parts of the master's configuration that are mostly times: the link to the workers, the second attempts, the rest
 * of a suspect worker. A time that cannot work is refused here, and so are times that contradict each other: a master
 * that started with them would lose every worker, and its log would not say why.
 */
import * as z from 'zod';
import { formatDuration } from '../text/duration.ts';
import { boundedDuration, durationSchema } from '../text/duration-schema.ts';

/** So that a busy machine is not taken for a dead one, and a dead one is noticed within the working day. */
const NOTICE = { from: '100ms', to: '1h' };

export const workerLinkSchema = z
  .strictObject({
    keepalive: boundedDuration({ ...NOTICE, why: 'less cuts living workers off, more misses dead ones' })
      .default(30_000)
      .meta({ description: 'Something is heard from each side this often.' }),
    timeout: boundedDuration({ ...NOTICE, why: 'less cuts living workers off, more misses dead ones' })
      .default(15_000)
      .meta({ description: 'A probe goes out this long before the end, or after 10s of silence.' }),
    grace: durationSchema
      .default(600_000)
      .meta({ description: 'How long either side waits for the other: at least keepalive and timeout.' }),
    ping: boundedDuration({
      ...{ from: '100ms', to: '1m' },
      why: 'less refuses living workers, and for as long a build waits for a dead one',
    })
      .default(5_000)
      .meta({ description: 'A worker must answer within this time before it is given a build.' }),
  })
  .superRefine(({ keepalive, timeout, grace }, context) => {
    const noticed = keepalive + timeout;
    if (grace >= noticed) return;
    const [is, least] = [grace, noticed].map(formatDuration);
    const message = `must be at least keepalive and timeout together, ${least}, and is ${is}: the other side would be given up before it can notice that the link is gone`;
    context.addIssue({ code: 'custom', path: ['grace'], message });
  })
  .prefault({});

const growth = z
  .number()
  .min(1)
  .max(1000)
  .meta({ description: 'Each further time is this many times the one before.' });

export const retrySchema = z
  .strictObject({
    attempts: z
      .number()
      .int()
      .min(1)
      .default(3)
      .meta({ description: 'Infrastructure failures after which a request is shelved for a person.' }),
    delay: durationSchema.default(30_000).meta({ description: 'Before the second attempt.' }),
    factor: growth.default(4),
    maxDelay: durationSchema.default(30 * 60_000).meta({ description: 'No delay is longer.' }),
  })
  .superRefine(refuseLongFirstDelay)
  .prefault({});

export const suspectSchema = z
  .strictObject({
    after: z
      .number()
      .int()
      .min(1)
      .default(3)
      .meta({ description: 'Builds lost in a row that make a worker suspect.' }),
    delay: durationSchema.default(5 * 60_000).meta({ description: 'How long it then gets no builds.' }),
    factor: growth.default(2),
    maxDelay: durationSchema.default(2 * 3_600_000).meta({ description: 'It never gets none for longer.' }),
  })
  .superRefine(refuseLongFirstDelay)
  .prefault({});

function refuseLongFirstDelay(
  { delay, maxDelay }: { delay: number; maxDelay: number },
  context: z.RefinementCtx,
): void {
  if (delay <= maxDelay) return;
  const message = `must be at least delay, ${formatDuration(delay)}, and is ${formatDuration(maxDelay)}`;
  context.addIssue({ code: 'custom', path: ['maxDelay'], message });
}
