/**
 * What is told, as JSON. All readers who keep up are given the same objects, so the body of an event, which is nearly all
 * of its text, is put into words once for all of them, and forgotten with the event.
 */
import type { Told } from './event-reader.ts';

const bodies = new WeakMap<object, string>();

export function bodyJson(body: unknown): string {
  if (typeof body !== 'object' || body === null) return JSON.stringify(body ?? null);
  const known = bodies.get(body);
  if (known !== undefined) return known;
  const json = JSON.stringify(body);
  bodies.set(body, json);
  return json;
}

/** The same text as `JSON.stringify` makes. */
export function toldJson(told: Told): string {
  if ('resync' in told) return JSON.stringify(told);
  const number = told.n === undefined ? '' : `,"n":${told.n}`;
  return `{"k":${JSON.stringify(told.k)},"m":${bodyJson(told.m)}${number}}`;
}
