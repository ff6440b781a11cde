/** The control methods of each resource (section 6 of the spec): parameters, whose they are, and the verb they become. */
import { AVAILABILITIES, MAX_DURATION_MS, MAX_PRIORITY, MAX_REASON } from '@buildbot/shared';
import * as z from 'zod';
import type { Control, Refusal, WorkerVerb } from '../../ports/control.ts';
import type { AddedBuildSet, Once } from '../../ports/records.ts';
import type { Row } from '../query/apply-query.ts';
import type { Plural } from '../resources.ts';
import type { ReadAll } from '../routes/reader.ts';
import { equals } from '../routes/relations.ts';
import { complaints, formFailure, parseForce } from './force-params.ts';
import { INVALID_PARAMS, INVALID_REQUEST, RpcFailure } from './json-rpc.ts';
import type { Verb } from './permissions.ts';

export interface MethodDeps {
  control: Control;
  read: ReadAll;
}

/** One call: the object it is made on, its parameters as they came, and the proven name of the caller. */
export interface Call {
  row: Row;
  params: Record<string, unknown>;
  by: string;
  /** What makes a repeat of this call known, `null` unless the caller gave a key. */
  once: Once | null;
}

export interface Method {
  verb: Verb;
  /**
   * Whether it is an order that holds for whatever there is: on an object that does not exist it answers null, as
   * Buildbot does. Others are a 404.
   */
  isOrder: boolean;
  run(deps: MethodDeps, call: Call): Promise<unknown>;
}

const reasonSchema = z.object({ reason: z.string().max(4096).nullish() });
const prioritySchema = z.object({ priority: z.number().int().min(-MAX_PRIORITY).max(MAX_PRIORITY) });
const stopSchema = z.object({ graceful: z.boolean().default(false) });
const availabilityOrderSchema = z.object({
  availability: z.enum(AVAILABILITIES),
  reason: z.string().max(MAX_REASON).nullish(),
  /** How long, until it is said again if left out. Seconds. */
  duration_s: z
    .number()
    .positive()
    .max(MAX_DURATION_MS / 1000)
    .nullish(),
});
const enableSchema = z.object({ enabled: z.boolean() });

function parse<T>(schema: z.ZodType<T>, params: Record<string, unknown>): T {
  const parsed = schema.safeParse(params);
  if (!parsed.success) throw formFailure(complaints(parsed.error));
  return parsed.data;
}

function reasonOf(params: Record<string, unknown>): string {
  return parse(reasonSchema, params).reason || 'no reason given';
}

/** Buildbot's answer to whatever makes a build set: its id, and builder id to request id. */
function addedAnswer(added: AddedBuildSet | Refusal): unknown {
  if ('refused' in added) {
    if (added.isConflict) throw new RpcFailure(409, INVALID_REQUEST, added.refused);
    throw new RpcFailure(400, INVALID_PARAMS, added.refused);
  }
  return [
    added.buildSetId,
    Object.fromEntries(added.requests.map(({ builderId, requestId }) => [String(builderId), requestId])),
  ];
}

/** An order whose answer is null whether or not there was anything to do. */
function order(verb: Verb, act: (deps: MethodDeps, call: Call) => Promise<void>): Method {
  return {
    verb,
    isOrder: true,
    async run(deps, call) {
      await act(deps, call);
      return null;
    },
  };
}

function workerMethod(verb: WorkerVerb): Method {
  return order('control_worker', ({ control }, { row, params }) =>
    control.controlWorker(row.workerid as number, verb, reasonOf(params)),
  );
}

async function reconfigure({ control }: MethodDeps, { row }: Call): Promise<unknown> {
  if (row.active !== true) throw new RpcFailure(404, INVALID_REQUEST, 'this master does not run');
  const outcome = await control.reconfigure();
  if ('refused' in outcome) throw new RpcFailure(409, INVALID_REQUEST, outcome.refused);
  return { changes: outcome.changes, needs_restart: outcome.needsRestart };
}

async function force({ control, read }: MethodDeps, { row, params, by, once }: Call): Promise<unknown> {
  const { builderNames, input } = parseForce(params);
  const scheduler = row.name as string;
  if (builderNames.length === 0) return addedAnswer(await control.force(scheduler, input, by, once));
  const builders = await read('builders', [equals('name', ...builderNames)]);
  const unknown = builderNames.find((name) => !builders.some((builder) => builder.name === name));
  if (unknown !== undefined)
    throw formFailure({ builderNames: `builderNames: there is no builder '${unknown}'` });
  const builderIds = [...input.builderIds, ...builders.map((builder) => builder.builderid as number)];
  return addedAnswer(await control.force(scheduler, { ...input, builderIds }, by, once));
}

const METHODS: Partial<Record<Plural, Record<string, Method>>> = {
  builds: {
    stop: order('stop', ({ control }, { row, params, by }) =>
      control.stopBuild(row.buildid as number, by, reasonOf(params)),
    ),
    rebuild: {
      verb: 'rebuild',
      isOrder: false,
      run: async ({ control }, { row, by, once }) =>
        addedAnswer(await control.rebuild(row.buildid as number, by, once)),
    },
  },
  buildrequests: {
    cancel: order('cancel', ({ control }, { row, params, by }) =>
      control.cancelRequest(row.buildrequestid as number, by, reasonOf(params)),
    ),
    unshelve: order('unshelve', ({ control }, { row }) => control.unshelve(row.buildrequestid as number)),
    set_priority: order('set_priority', ({ control }, { row, params }) =>
      control.setPriority(row.buildrequestid as number, parse(prioritySchema, params).priority),
    ),
  },
  forceschedulers: { force: { verb: 'force', isOrder: false, run: force } },
  masters: {
    reconfig: { verb: 'reconfigure_master', isOrder: false, run: reconfigure },
    stop: order('stop_master', async ({ control }, { row, params }) => {
      const options = parse(stopSchema, params);
      // The rows of masters that ran here under other names are only history.
      if (row.active === true) await control.stopMaster(options);
    }),
  },
  schedulers: {
    enable: {
      verb: 'enable_scheduler',
      isOrder: false,
      async run({ control }, { row, params }) {
        await control.setSchedulerEnabled(row.schedulerid as number, parse(enableSchema, params).enabled);
        return null;
      },
    },
  },
  workers: {
    stop: workerMethod('stop'),
    kill: workerMethod('kill'),
    pause: workerMethod('pause'),
    unpause: workerMethod('unpause'),
    trust: workerMethod('trust'),
    set_availability: order('control_worker', async ({ control }, { row, params, by }) => {
      const { availability, reason, duration_s } = parse(availabilityOrderSchema, params);
      const forMs = duration_s == null ? null : Math.round(duration_s * 1000);
      await control.setWorkerAvailability(
        row.workerid as number,
        { availability, reason: reason || null, forMs },
        by,
      );
    }),
  },
};

/** Own keys only: `constructor` is no method. */
export function methodOf(plural: Plural, name: string): Method | undefined {
  const methods = METHODS[plural];
  return methods !== undefined && Object.hasOwn(methods, name) ? methods[name] : undefined;
}

/** Names of a resource's methods, for the documentation. */
export function methodNames(plural: Plural): string[] {
  return Object.keys(METHODS[plural] ?? {});
}
