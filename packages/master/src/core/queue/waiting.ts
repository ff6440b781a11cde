/** Why a request waits, in one line for people. Made when somebody asks, so that waiting itself costs nothing. */
import { formatDuration } from '@buildbot/shared';
import type { AssignInput, Eligibility } from './assign.ts';
import type { QueuedRequest, RequestQueue } from './request-queue.ts';
import { isUsable, type QueueWorker, unusableReason } from './worker-state.ts';

/** `null` when the request is not in the queue. */
export function waitingReason(input: AssignInput, requestId: number): string | null {
  const request = input.queue.get(requestId);
  if (request === undefined) return null;
  if (request.notBefore !== null && request.notBefore > input.now) {
    return `waits ${formatDuration(request.notBefore - input.now)} before it is tried again`;
  }
  const builder = input.builders.get(request.builderId);
  if (builder === undefined) return 'its builder is not configured any more';
  const eligible = [...builder.workerIds].flatMap((id) => input.workers.get(id) ?? []);
  const usable = eligible.filter(isUsable);
  if (usable.length === 0) return nobodyReason(eligible, input.now);
  return `${busyText(usable)}${aheadText(countAhead(input, builder, request))}`;
}

function nobodyReason(eligible: readonly QueueWorker[], now: number): string {
  const connected = eligible.filter((worker) => worker.connected);
  if (connected.length === 0) return 'no worker is connected';
  const [first] = connected;
  const others = connected.length - 1;
  return `${first && unusableReason(first, now)}${others > 0 ? `, and ${others} more take no builds` : ''}`;
}

function busyText(usable: readonly QueueWorker[]): string {
  if (usable.some((worker) => worker.maxBuilds === 0 || worker.running < worker.maxBuilds))
    return 'is about to start';
  return usable.length === 1 ? `worker ${usable[0]?.name} is busy` : `all ${usable.length} workers are busy`;
}

function aheadText(ahead: number): string {
  if (ahead === 0) return ', next in line';
  return `, ${ahead} ${ahead === 1 ? 'request' : 'requests'} ahead`;
}

/** More urgent requests that could take one of the same workers. */
function countAhead(input: AssignInput, builder: Eligibility, request: QueuedRequest): number {
  const mine = builder.workerIds;
  let ahead = 0;
  for (const builderId of input.queue.readyBuilders()) {
    const rivals = input.builders.get(builderId)?.workerIds;
    if (rivals !== undefined && overlap(rivals, mine)) ahead += aheadIn(input.queue, builderId, request);
  }
  return ahead;
}

function overlap(a: ReadonlySet<number>, b: ReadonlySet<number>): boolean {
  for (const id of a) if (b.has(id)) return true;
  return false;
}

function aheadIn(queue: RequestQueue, builderId: number, request: QueuedRequest): number {
  return queue.ready(builderId).countBefore(request);
}
