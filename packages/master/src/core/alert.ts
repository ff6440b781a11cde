/** Which events somebody should hear of who is not looking, and what they are told. */
import type { BuildRequestResource, StoredEvent, WorkerResource } from '@buildbot/shared';

export type AlertKind =
  | 'worker-suspect'
  | 'worker-trusted'
  | 'worker-missing'
  | 'worker-returned'
  | 'request-shelved';

/** One alert as the command gets it, as JSON. New fields may come; `schema` changes when one changes its meaning. */
export interface Alert {
  schema: 'buildbot.alert/1';
  /** The same when an alert is told again: at least once is promised, exactly once is not. */
  id: number;
  alert: AlertKind;
  /** Whether it asks for a person, or tells that something is well again. */
  severity: 'critical' | 'ok';
  /** Epoch seconds. */
  at: number;
  text: string;
  worker?: { id: number; name: string; until: number | null; reason: string | null };
  request?: { id: number; buildSetId: number; builder: string; failures: number; reason: string };
}

const WORKER_ALERTS: Readonly<Record<string, AlertKind>> = {
  suspected: 'worker-suspect',
  trusted: 'worker-trusted',
  missing: 'worker-missing',
  returned: 'worker-returned',
};

/** Whether `alertOf` would make one: cheap, for it is asked of every event. */
export function isAlerting({ paths }: Pick<StoredEvent, 'paths'>): boolean {
  return kindOf(paths[0] ?? '') !== null;
}

/** `builderName` is asked only for requests. */
export function alertOf(event: StoredEvent, builderName: (builderId: number) => string): Alert | null {
  const kind = kindOf(event.paths[0] ?? '');
  if (kind === null) return null;
  const known = { schema: 'buildbot.alert/1', id: event.number, alert: kind } as const;
  const at = Math.floor(event.at / 1000);
  if (kind !== 'request-shelved') return { ...known, at, ...workerAlert(kind, event.body as WorkerResource) };
  const request = event.body as BuildRequestResource;
  return { ...known, at, ...shelvedAlert(request, builderName(request.builderid)) };
}

function kindOf(path: string): AlertKind | null {
  const [plural, , what = '', ...rest] = path.split('/');
  if (rest.length > 0) return null;
  if (plural === 'buildrequests') return what === 'shelved' ? 'request-shelved' : null;
  return plural === 'workers' && Object.hasOwn(WORKER_ALERTS, what) ? (WORKER_ALERTS[what] ?? null) : null;
}

type Told = Pick<Alert, 'severity' | 'text' | 'worker' | 'request'>;

function workerAlert(kind: Exclude<AlertKind, 'request-shelved'>, row: WorkerResource): Told {
  const { name, suspect } = row;
  const isSuspect = kind === 'worker-suspect';
  const worker = {
    id: row.workerid,
    name,
    until: isSuspect ? (suspect?.until ?? null) : null,
    reason: isSuspect ? (suspect?.reason ?? null) : null,
  };
  const texts = {
    'worker-suspect': `worker ${name} gets no builds for now: it ${suspect?.reason ?? 'lost builds'}`,
    'worker-trusted': `worker ${name} gets builds again`,
    'worker-missing': `worker ${name} has been away for longer than the grace`,
    'worker-returned': `worker ${name} is connected again`,
  };
  const isBad = isSuspect || kind === 'worker-missing';
  return { severity: isBad ? 'critical' : 'ok', text: texts[kind], worker };
}

function shelvedAlert(row: BuildRequestResource, builder: string): Told {
  const { buildrequestid: id, buildsetid: buildSetId, failures } = row;
  const reason = row.shelved?.reason ?? '';
  return {
    severity: 'critical',
    text: `request ${id} on ${builder} is shelved: ${reason}; to try again: buildbot unshelve ${id}`,
    request: { id, buildSetId, builder, failures, reason },
  };
}
