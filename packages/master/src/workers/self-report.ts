/** What a worker says of its own availability: at its hello, and whenever that changes. */
import type { Hello, WorkerMessage } from '@buildbot/shared';
import type { ConnectedWorker } from '../ports/workers.ts';

type AvailabilityMessage = Extract<WorkerMessage, { type: 'availability' }>;

export type SelfReport = Pick<
  ConnectedWorker,
  'availability' | 'availabilityRule' | 'availabilityReason' | 'availabilityUntil' | 'load' | 'graceful'
>;

export function reportAtHello(hello: Hello): SelfReport {
  return {
    availability: hello.availability,
    availabilityRule: hello.availabilityRule,
    availabilityReason: hello.availabilityReason ?? null,
    availabilityUntil: hello.availabilityUntil ?? null,
    load: hello.load ?? null,
    graceful: hello.graceful ?? false,
  };
}

export function reportOf(message: AvailabilityMessage): SelfReport {
  return {
    availability: message.availability,
    availabilityRule: message.rule,
    availabilityReason: message.reason ?? null,
    availabilityUntil: message.until ?? null,
    load: message.load ?? null,
    graceful: message.graceful,
  };
}

/** What of it is kept. The load is news every few seconds, and counts only now. */
export function keptPart(report: SelfReport) {
  const { availability, availabilityRule, availabilityReason, availabilityUntil, graceful } = report;
  return {
    ...{ availability, availabilityRule, availabilityReason, availabilityUntil },
    // That an administrator wants it to leave is not taken back by a worker that does not.
    ...(graceful ? { graceful } : {}),
  };
}

/** Whether anything but the load is another. */
export function isNews(before: SelfReport, after: SelfReport): boolean {
  const told = (report: SelfReport) => JSON.stringify([keptPart(report), report.graceful]);
  return told(before) !== told(after);
}
