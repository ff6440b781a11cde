/** `buildbot workers set`: what the master's admin says of a worker, and which rule decides then. */
import {
  compareAvailability,
  nearest,
  RULES,
  sanitizeName,
  UserError,
  untilText,
  verdictText,
  type WorkerResource,
} from '@buildbot/shared';
import type { ApiClient } from '../client/api-client.ts';
import { availabilityText } from '../view/availability-text.ts';
import type { AvailabilityOrder } from './availability-words.ts';

/** Gives the lines to print. @throws UserError when there is no such worker */
export async function setAvailabilityAtMaster(
  client: ApiClient,
  name: string,
  { availability, forMs, reason }: AvailabilityOrder,
  now: number,
): Promise<string[]> {
  const { workerid } = await findWorker(client, name);
  const params = { availability, reason, ...(forMs === null ? {} : { duration_s: forMs / 1000 }) };
  await client.control(`workers/${workerid}`, 'set_availability', params);
  const until = forMs === null ? null : now + forMs;
  const end = (at: number) => untilText(at, now);
  const said = verdictText({ availability, rule: RULES.masterAdmin, reason, until }, end);
  const worker = await findWorker(client, name);
  const isLower =
    worker.availability !== undefined && compareAvailability(worker.availability, availability) < 0;
  return [
    `${sanitizeName(name)}: ${said}`,
    ...(isLower ? [`but a lower rule decides: ${availabilityText(worker, now)}`] : []),
  ];
}

async function findWorker(client: ApiClient, name: string): Promise<WorkerResource> {
  const workers = await client.resources('workers');
  const worker = workers.find((known) => known.name === name);
  if (worker !== undefined) return worker;
  const near = nearest(
    name,
    workers.map((known) => known.name),
  );
  throw new UserError(`there is no worker '${sanitizeName(name, { maxLength: 80 })}'`, {
    hint: near === undefined ? "'buildbot workers' lists them." : `Did you mean '${sanitizeName(near)}'?`,
  });
}
