/** Tables of `master.yaml`, of the step types and of `worker.yaml`, made from the schemas that check them. */
import {
  builderConfigSchema,
  calendarFieldsSchema,
  forceSchedulerConfigSchema,
  masterConfigSchema,
  trySchedulerConfigSchema,
  workerConfigSchema,
  workerFileSchema,
} from '@buildbot/shared';
import type * as z from 'zod';
import { stepSchemas } from '../../packages/master/src/builds/steps/registry.ts';
import { table } from './markdown.ts';
import { type Key, keysOf } from './schema-keys.ts';

const HEAD = ['key', 'value', 'default', 'meaning'];

function keyTable(keys: readonly Key[]): string {
  const rows = keys.map(({ path, value, fallback, meaning }) => [`\`${path}\``, value, fallback, meaning]);
  return table(HEAD, rows);
}

function section(title: string, schema: z.ZodObject): string {
  return `### ${title}\n\n${keyTable(keysOf(schema))}`;
}

/** Lists of the master's configuration get a table of their own. */
const LISTS = ['workers', 'builders', 'schedulers'];

/** A list of the worker's configuration that gets a table of its own. */
const CALENDAR = 'availability.calendar';

export function masterKeys(): string {
  const top = keysOf(masterConfigSchema).filter(({ path }) => !LISTS.includes(path));
  return [
    keyTable(top),
    section('Each of `workers`', workerConfigSchema),
    section('Each of `builders`', builderConfigSchema),
    section('Each of `schedulers`: `type: try`', trySchedulerConfigSchema),
    section('Each of `schedulers`: `type: force`', forceSchedulerConfigSchema),
  ].join('\n\n');
}

export function workerKeys(): string {
  const top = keysOf(workerFileSchema).map((key) =>
    key.path === CALENDAR ? { ...key, value: 'list of rules' } : key,
  );
  return `${keyTable(top)}\n\n${section(`Each of \`${CALENDAR}\``, calendarFieldsSchema)}`;
}

/** What every step type has stands once, except where the defaults differ. */
export function stepOptions(): string {
  const types = [...stepSchemas()].map(([type, schema]) => ({ type, keys: keysOf(schema as z.ZodObject) }));
  const isCommon = (key: Key) =>
    types.every(({ keys }) => keys.some(({ path, meaning }) => path === key.path && meaning === key.meaning));
  const [first] = types;
  const common = (first?.keys ?? []).filter((key) => isCommon(key) && key.path !== 'type');
  const defaults = ({ path }: Key) => {
    const each = types.map(({ type, keys }) => ({
      type,
      fallback: keys.find((key) => key.path === path)?.fallback ?? '',
    }));
    if (new Set(each.map(({ fallback }) => fallback)).size === 1) return each[0]?.fallback ?? '';
    return each.map(({ type, fallback }) => `${fallback} (${type})`).join(', ');
  };
  const all = common.map((key) => ({ ...key, fallback: defaults(key) }));
  const own = types.map(
    ({ type, keys }) =>
      `### \`type: ${type}\`\n\n${keyTable(keys.filter((key) => !isCommon(key) && key.path !== 'type'))}`,
  );
  return [`### Every step\n\n${keyTable(all)}`, ...own].join('\n\n');
}
