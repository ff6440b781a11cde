/**
 * The master's configuration, the same model for `master.yaml` and `master.config.ts`. Steps are open here: each step
 * type validates its own options with the schema in its own file (`packages/master/src/builds/steps`).
 */
import * as z from 'zod';
import { propertyNameSchema, propertyValueSchema } from '../model/property.ts';
import { boundedDuration } from '../text/duration-schema.ts';
import { accessSchema, networkSchema, tlsSchema, wwwSchema } from './access.ts';
import { retrySchema, suspectSchema, workerLinkSchema } from './master-timing.ts';

/** Names of builders, workers and schedulers: 1 to 70 printable characters, without `/`, not all digits. */
export const nameSchema = z
  .string()
  .min(1)
  .max(70)
  .regex(/^[^\p{C}/\\]+$/u, 'a name must not contain control characters, "/" or "\\"')
  .refine((name) => !/^\d+$/.test(name), 'a name must not be a number: numbers are ids')
  .refine(
    (name) => name.trim() === name && name !== '.' && name !== '..',
    'a name must not begin or end with a space',
  );

/** `host:port`; IPv6 in brackets. */
export const addressSchema = z
  .string()
  .regex(/^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):\d{1,5}$/, 'expected host:port, for example 127.0.0.1:8010')
  .meta({ description: 'host:port to listen on; port 0 takes any free one' });

const properties = z.record(propertyNameSchema, propertyValueSchema);

export const workerConfigSchema = z.strictObject({
  name: nameSchema.meta({ description: 'The worker says the same name.' }),
  password: z.string().min(1).optional().meta({ description: 'What the worker must know to get in.' }),
  passwordFile: z
    .string()
    .optional()
    .meta({ description: 'File that holds the password, below BASEDIR if relative.' }),
  maxBuilds: z.number().int().min(0).default(1).meta({ description: 'Builds at once; 0 is no limit.' }),
  tags: z.array(nameSchema).default([]).meta({ description: 'By which builders can choose it.' }),
  properties: properties.default({}).meta({ description: 'Properties of every build on it.' }),
});

const stepConfigSchema = z.looseObject({
  type: z.string().meta({ description: 'The step type; the other keys are its options.' }),
  name: nameSchema.optional().meta({ description: 'Default: the type.' }),
});

export const builderConfigSchema = z.strictObject({
  name: nameSchema.meta({ description: 'As developers write it: `buildbot try -b NAME`.' }),
  description: z.string().optional().meta({ description: 'For people.' }),
  tags: z.array(nameSchema).default([]).meta({ description: 'For people and API filters.' }),
  workers: z.union([z.array(nameSchema).min(1), z.strictObject({ tags: z.array(nameSchema).min(1) })]).meta({
    description: 'Workers that may build it: their names, or tags of which a worker must have all.',
  }),
  env: z
    .record(z.string(), z.string())
    .default({})
    .meta({ description: 'Variables of its commands; properties are filled in.' }),
  properties: properties.default({}).meta({ description: 'Properties of every build of it.' }),
  steps: z.array(stepConfigSchema).min(1).meta({ description: 'What a build does, in this order.' }),
});

const schedulerName = nameSchema.meta({ description: 'Unique among the schedulers.' });
const schedulerBuilders = z
  .array(nameSchema)
  .min(1)
  .meta({ description: 'Builders it may start; all of them when the asker names none.' });
const schedulerProperties = properties
  .default({})
  .meta({ description: 'Properties of every build it starts.' });
const schedulerPriority = z
  .number()
  .int()
  .default(0)
  .meta({ description: 'The more important goes first; who waits long rises.' });
const schedulerMaxPriority = z
  .number()
  .int()
  .optional()
  .meta({ description: 'The highest that the asker may choose. Default: the value of priority.' });

export const trySchedulerConfigSchema = z.strictObject({
  type: z.literal('try').meta({ description: "Takes developers' jobs from a try directory." }),
  name: schedulerName,
  builders: schedulerBuilders,
  jobdir: z.string().default('try').meta({ description: 'Try directory, below BASEDIR if relative.' }),
  gateways: z.array(z.string()).optional().meta({
    description: 'Unix accounts that may name the user with --user. Default: the account of the master.',
  }),
  maxJobBytes: z
    .number()
    .int()
    .positive()
    .default(52_428_800)
    .meta({ description: 'Larger jobs are refused. Bytes, the patch as it is sent.' }),
  properties: schedulerProperties,
  priority: schedulerPriority,
  maxPriority: schedulerMaxPriority,
});

export const forceSchedulerConfigSchema = z.strictObject({
  type: z.literal('force').meta({ description: 'Starts builds on demand: `buildbot force NAME`.' }),
  name: schedulerName,
  builders: schedulerBuilders,
  properties: schedulerProperties,
  priority: schedulerPriority,
  maxPriority: schedulerMaxPriority,
});

const schedulerConfigSchema = z.discriminatedUnion('type', [
  trySchedulerConfigSchema.superRefine(refuseLowLimit),
  forceSchedulerConfigSchema.superRefine(refuseLowLimit),
]);

/** Who asks for nothing gets `priority`: it must be one that may be asked for. */
function refuseLowLimit(
  { priority, maxPriority = priority }: { priority: number; maxPriority?: number | undefined },
  context: z.RefinementCtx,
): void {
  if (maxPriority >= priority) return;
  const message = `must be at least priority, ${priority}, and is ${maxPriority}`;
  context.addIssue({ code: 'custom', path: ['maxPriority'], message });
}

/** For how long something is kept. */
const kept = boundedDuration({
  ...{ from: '1m', to: '3650d' },
  why: 'less takes it away from those who are still looking at it',
});

export const masterConfigSchema = z.strictObject({
  title: z.string().default('Buildbot').meta({ description: 'For people, above `buildbot watch`.' }),
  listen: z
    .strictObject({
      api: addressSchema.optional().meta({
        description: 'API over TCP, besides BASEDIR/master.sock. Off loopback: with one of the next.',
      }),
      tls: tlsSchema.optional().meta({ description: 'The API over TCP speaks HTTPS.' }),
      proxies: z.array(networkSchema).min(1).optional().meta({
        description: 'Reverse proxies that speak HTTPS for it: connections from elsewhere are closed.',
      }),
      plain: z.boolean().optional().meta({
        description: 'The API off loopback without TLS: whoever is on the wire reads tokens and cookies.',
      }),
      heartbeat: boundedDuration({ from: '100ms', to: '15s', why: 'clients give a silent stream up' })
        .optional()
        .meta({ description: 'A silent stream of events says this often that it lives. Default: 15s.' }),
      workers: addressSchema.default('127.0.0.1:9989').meta({ description: 'Where workers connect.' }),
      ssh: z
        .strictObject({
          address: addressSchema.meta({ description: 'host:port; port 0 takes any free one.' }),
          hostKey: z
            .string()
            .default('ssh_host_key')
            .meta({ description: 'Made at the first start if missing.' }),
          authorizedKeys: z
            .string()
            .default('authorized_keys')
            .meta({ description: 'Read anew for each connection.' }),
        })
        .optional()
        .meta({ description: 'A small SSH server for those without an sshd: forced commands only.' }),
    })
    .prefault({}),
  database: z
    .strictObject({
      url: z
        .string()
        .default('sqlite:state.sqlite')
        .meta({ description: 'sqlite:FILE, below BASEDIR if relative.' }),
    })
    .prefault({}),
  www: wwwSchema,
  access: accessSchema,
  workerLink: workerLinkSchema,
  retry: retrySchema,
  suspect: suspectSchema,
  alerts: z
    .strictObject({
      command: z.array(z.string().min(1)).min(1).meta({
        description: 'Program and arguments (no shell); gets one alert as JSON on its standard input.',
      }),
      timeout: boundedDuration({
        from: '1s',
        to: '1h',
        why: 'less ends the command before it can tell anybody',
      })
        .default(30_000)
        .meta({ description: 'It is ended after this time.' }),
    })
    .optional()
    .meta({ description: 'Who hears of suspect or missing workers and shelved requests. Default: nobody.' }),
  retention: z
    .strictObject({
      builds: kept.optional().meta({ description: 'Forget builds older than this. Default: never.' }),
      logs: kept.optional().meta({ description: 'Remove logs older than this. Default: never.' }),
      events: kept
        .default(7 * 86_400_000)
        .meta({ description: 'A listener that was away for longer is told to read everything anew.' }),
    })
    .prefault({}),
  workers: z.array(workerConfigSchema).default([]),
  builders: z.array(builderConfigSchema).default([]),
  schedulers: z.array(schedulerConfigSchema).default([]),
});

/** The configuration as people write it: everything with a default may be left out. */
export type MasterConfigInput = z.input<typeof masterConfigSchema>;
/** The configuration with every default filled in. Durations are milliseconds. */
export type MasterConfig = z.infer<typeof masterConfigSchema>;
export type WorkerConfig = z.infer<typeof workerConfigSchema>;
export type BuilderConfig = z.infer<typeof builderConfigSchema>;
export type StepConfig = z.infer<typeof stepConfigSchema>;
export type TrySchedulerConfig = z.infer<typeof trySchedulerConfigSchema>;
