/**
 * How a master stands, as passive check results for a monitoring system (Nagios, Icinga and their relatives):
 * `[time] PROCESS_SERVICE_CHECK_RESULT;host;service;code;text`, one line for the master, its queue and each worker.
 */
import type { StatusResource, WorkerResource } from '@buildbot/shared';
import { counted } from './counted.ts';

const OK = 0;
const WARNING = 1;
const CRITICAL = 2;

interface Check {
  service: string;
  code: typeof OK | typeof WARNING | typeof CRITICAL;
  text: string;
}

export interface CheckSubject {
  /** The host as the monitoring system knows it. */
  host: string;
  /** Epoch milliseconds. */
  now: number;
}

/** `status` is what the master says of itself, or why it says nothing. */
export function checkLines(status: StatusResource | { failure: string }, subject: CheckSubject): string[] {
  const checks = 'failure' in status ? [silentMaster(status.failure)] : checksOf(status);
  const time = Math.floor(subject.now / 1000);
  return checks.map(({ service, code, text }) => {
    const fields = [clean(subject.host), clean(service), code, clean(text)];
    return `[${time}] PROCESS_SERVICE_CHECK_RESULT;${fields.join(';')}`;
  });
}

function silentMaster(failure: string): Check {
  return { service: 'buildbot master', code: CRITICAL, text: failure };
}

function checksOf(status: StatusResource): Check[] {
  const { builds, workers } = status;
  const master: Check = {
    service: 'buildbot master',
    code: OK,
    text: `running, ${counted(builds, 'build')}`,
  };
  return [master, queueCheck(status), ...workers.filter(isConfigured).map(workerCheck)];
}

function queueCheck({ pending, shelved }: StatusResource): Check {
  const waiting = `${pending} waiting`;
  const service = 'buildbot queue';
  if (shelved.length === 0) return { service, code: OK, text: waiting };
  const ids = shelved.slice(0, 5).map(({ buildrequestid }) => buildrequestid);
  const which = `${ids.join(' ')}${shelved.length > ids.length ? ' …' : ''}`;
  return { service, code: WARNING, text: `${waiting}, ${counted(shelved, 'request')} shelved: ${which}` };
}

function isConfigured({ configured_on }: WorkerResource): boolean {
  return configured_on.length > 0;
}

function workerCheck(worker: WorkerResource): Check {
  const { name, suspect, missing_since, connected_to, availability, availability_rule } = worker;
  const service = `buildbot worker ${name}`;
  if (suspect !== null) return { service, code: CRITICAL, text: `host down: ${suspect.reason}` };
  if (missing_since !== null) return { service, code: CRITICAL, text: 'host down: away for too long' };
  if (connected_to.length === 0) return { service, code: WARNING, text: 'not connected' };
  if (worker.paused) return { service, code: OK, text: 'paused' };
  return { service, code: OK, text: `${availability} (${availability_rule})` };
}

/** A name must not end its field or line, and begin one of its own. */
function clean(text: string): string {
  return text.replace(/[\p{C};]/gu, ' ').trim();
}
