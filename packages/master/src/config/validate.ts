/**
 * From raw data to a `MasterConfig`: the shared schema, the options of each step type, and what a schema cannot say
 * (names that must exist or be unique). Every problem is reported at once, each with its place and a way out.
 */
import { normalize } from 'node:path';
import { type MasterConfig, masterConfigSchema, nearest } from '@buildbot/shared';
import type * as z from 'zod';
import type { ConfigProblem } from './problem.ts';
import type { ModelPath, Position, YamlSource } from './yaml-source.ts';

/** Checks the options of one step; supplied by the step registry. */
export type StepCheck = (
  step: MasterConfig['builders'][number]['steps'][number],
) => { path: ModelPath; message: string; hint?: string }[];

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

interface Place {
  file: string;
  source: Pick<YamlSource, 'locate' | 'locateKey'> | null;
}

/** `builders[0].steps[1].timeout`. */
export function formatPath(path: ModelPath): string {
  return path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');
}

function problem(
  place: Place,
  path: ModelPath,
  message: string,
  hint: string | null,
  atKey = false,
): ConfigProblem {
  const position: Position | null =
    (atKey ? place.source?.locateKey(path) : place.source?.locate(path)) ?? null;
  return {
    file: place.file,
    line: position?.line ?? null,
    column: position?.column ?? null,
    path: formatPath(path),
    message,
    hint,
  };
}

/** "did you mean" for a word that is not among the candidates, else the candidates themselves. */
export function suggestion(word: string, candidates: readonly string[]): string {
  const near = nearest(word, candidates);
  if (near !== undefined) return `did you mean "${near}"?`;
  return candidates.length === 0 ? 'there are none' : `known: ${candidates.join(', ')}`;
}

/** Keys that a (possibly nested) object schema knows at `path`, for the nearest-key hint. */
function keysAt(schema: z.ZodType, path: ModelPath): string[] {
  // JSON Schema is the one stable view into a zod schema, whatever wraps its objects.
  let node = schema.toJSONSchema({ io: 'input', unrepresentable: 'any' }) as JsonNode | undefined;
  for (const key of path) {
    node = typeof key === 'number' ? node?.items : node?.properties?.[String(key)];
    const variants = node?.anyOf ?? node?.oneOf;
    if (variants)
      node = { properties: Object.assign({}, ...variants.map((variant) => variant.properties ?? {})) };
  }
  return Object.keys(node?.properties ?? {});
}

interface JsonNode {
  items?: JsonNode;
  properties?: Record<string, JsonNode>;
  anyOf?: JsonNode[];
  oneOf?: JsonNode[];
}

/** What stands at `path` in the raw data, `undefined` when nothing does. */
function valueAt(data: unknown, path: ModelPath): unknown {
  let value = data;
  for (const key of path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[key];
  return value;
}

function schemaProblems(place: Place, data: unknown, issues: readonly z.core.$ZodIssue[]): ConfigProblem[] {
  // A misspelt key is reported once, not a second time as the absence of what was meant.
  const meant = new Set<string>();
  const unknownKeys = issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') return [];
    const known = keysAt(masterConfigSchema, issue.path);
    return issue.keys.map((key) => {
      meant.add(formatPath([...issue.path, nearest(key, known) ?? '']));
      return problem(place, [...issue.path, key], 'unknown key', suggestion(key, known), true);
    });
  });
  const others = issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') return [];
    const missing = valueAt(data, issue.path) === undefined;
    if (missing && meant.has(formatPath(issue.path))) return [];
    return [problem(place, issue.path, missing ? 'is missing' : issue.message, null)];
  });
  return [...unknownKeys, ...others];
}

function duplicates(
  place: Place,
  kind: 'workers' | 'builders' | 'schedulers',
  config: MasterConfig,
): ConfigProblem[] {
  const seen = new Set<string>();
  return config[kind].flatMap(({ name }, index) => {
    if (!seen.has(name)) {
      seen.add(name);
      return [];
    }
    return [problem(place, [kind, index, 'name'], `"${name}" is used twice`, 'every name must be unique')];
  });
}

function unknownWorkers(place: Place, config: MasterConfig): ConfigProblem[] {
  const names = config.workers.map((worker) => worker.name);
  const tags = [...new Set(config.workers.flatMap((worker) => worker.tags))];
  return config.builders.flatMap((builder, index) => {
    const path = ['builders', index, 'workers'];
    const [wanted, known, what] = Array.isArray(builder.workers)
      ? [builder.workers, names, 'worker']
      : [builder.workers.tags, tags, 'worker tag'];
    return wanted
      .filter((word) => !known.includes(word))
      .map((word) => problem(place, path, `there is no ${what} "${word}"`, suggestion(word, known)));
  });
}

function unknownBuilders(place: Place, config: MasterConfig): ConfigProblem[] {
  const names = config.builders.map((builder) => builder.name);
  return config.schedulers.flatMap((scheduler, index) =>
    scheduler.builders
      .filter((name) => !names.includes(name))
      .map((name) =>
        problem(
          place,
          ['schedulers', index, 'builders'],
          `there is no builder "${name}"`,
          suggestion(name, names),
        ),
      ),
  );
}

/** Two who look after one try directory would take each other's jobs. */
function sharedTryDirectories(place: Place, { schedulers }: MasterConfig): ConfigProblem[] {
  const owners = new Map<string, string>();
  return schedulers.flatMap((scheduler, index) => {
    if (scheduler.type !== 'try') return [];
    const path = normalize(`${scheduler.jobdir}/.`);
    const owner = owners.get(path);
    owners.set(path, owner ?? scheduler.name);
    if (owner === undefined) return [];
    const hint = 'give each its own jobdir';
    return [problem(place, ['schedulers', index, 'jobdir'], `it is the try directory of "${owner}"`, hint)];
  });
}

/** The API has no authentication yet: beyond this machine it would be everybody's. */
function openAddresses(place: Place, { listen: { api } }: MasterConfig): ConfigProblem[] {
  const host = api?.slice(0, api.lastIndexOf(':'));
  if (host === undefined || LOOPBACK.test(host)) return [];
  const hint = 'use 127.0.0.1, and SSH or a proxy with authentication from elsewhere';
  return [problem(place, ['listen', 'api'], `${host} is not a loopback address`, hint)];
}

function passwordProblems(place: Place, config: MasterConfig): ConfigProblem[] {
  return config.workers.flatMap((worker, index) =>
    (worker.password === undefined) === (worker.passwordFile === undefined)
      ? [problem(place, ['workers', index], 'give exactly one of password and passwordFile', null)]
      : [],
  );
}

function stepProblems(place: Place, config: MasterConfig, checkStep: StepCheck): ConfigProblem[] {
  return config.builders.flatMap((builder, b) =>
    builder.steps.flatMap((step, s) =>
      checkStep(step).map(({ path, message, hint }) =>
        problem(
          place,
          ['builders', b, 'steps', s, ...path],
          message,
          hint ?? null,
          message === 'unknown key',
        ),
      ),
    ),
  );
}

/** The configuration with defaults, or everything that is wrong with it. */
export function validate(
  data: unknown,
  place: Place,
  checkStep: StepCheck,
): { config: MasterConfig } | { problems: ConfigProblem[] } {
  const parsed = masterConfigSchema.safeParse(data);
  if (!parsed.success) return { problems: schemaProblems(place, data, parsed.error.issues) };
  const config = parsed.data;
  const problems = [
    ...duplicates(place, 'workers', config),
    ...duplicates(place, 'builders', config),
    ...duplicates(place, 'schedulers', config),
    ...passwordProblems(place, config),
    ...openAddresses(place, config),
    ...sharedTryDirectories(place, config),
    ...unknownWorkers(place, config),
    ...unknownBuilders(place, config),
    ...stepProblems(place, config, checkStep),
  ];
  return problems.length > 0 ? { problems } : { config };
}
