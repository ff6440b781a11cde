/** Which rules of a `worker.yaml` lend the worker out less than its admin just said: in force now, or possible. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Availability,
  Calendar,
  compareAvailability,
  messageOf,
  parseWorkerFile,
  RULES,
  sanitizeName,
  untilText,
  verdictText,
  type WorkerAvailability,
} from '@buildbot/shared';

export async function linesOfLowerRules(
  basedir: string,
  availability: Availability,
  now: number,
): Promise<string[]> {
  try {
    const path = join(basedir, 'worker.yaml');
    const { availability: rules } = await parseWorkerFile(await readFile(path, 'utf8'), path);
    return [...calendarLines(rules, availability, now), ...loadLines(rules, availability)];
  } catch (error) {
    // The word is written all the same; who may write BASEDIR need not be allowed to read this.
    const why = sanitizeName(messageOf(error), { maxLength: 300 });
    return [`whether its calendar or load rule is lower is not known: ${why}`];
  }
}

function calendarLines({ calendar }: WorkerAvailability, availability: Availability, now: number): string[] {
  const rules = new Calendar(calendar);
  const state = rules.at(now);
  if (compareAvailability(state.availability, availability) >= 0) return [];
  const verdict = { ...state, rule: RULES.calendar, until: rules.nextChange(now) };
  const text = verdictText(verdict, (at) => untilText(at, now));
  return [`but a lower rule decides: ${sanitizeName(text, { maxLength: 400 })}`];
}

/** Only the running worker knows its load. */
function loadLines({ load }: WorkerAvailability, availability: Availability): string[] {
  if (load === undefined || compareAvailability(load.be, availability) >= 0) return [];
  return [`${load.be} all the same while its load is above ${load.above} (its load rule)`];
}
