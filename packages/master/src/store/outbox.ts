/** The event outbox: events are rows written in the transaction of what they tell, numbered by the database. */
import type { StoredEvent } from '@buildbot/shared';
import type { Kysely, Selectable } from 'kysely';
import type { EventsTable, Tables } from './tables.ts';

export interface NewEvent {
  paths: string[];
  body: unknown;
  at: number;
}

/** Rows per statement: few enough that the text of each size can be kept prepared. */
const BATCH = 32;

/** Write events in order and give them their numbers. */
export async function insertEvents(db: Kysely<Tables>, events: NewEvent[]): Promise<StoredEvent[]> {
  const stored: StoredEvent[] = [];
  for (let from = 0; from < events.length; from += BATCH) {
    const batch = events.slice(from, from + BATCH);
    const rows = await db
      .insertInto('events')
      .values(
        batch.map(({ paths, body, at }) => ({
          paths: JSON.stringify(paths),
          body: JSON.stringify(body),
          at,
        })),
      )
      .returning('number')
      .execute();
    // Numbers are given in the order of the values, but may be returned in any.
    const numbers = rows.map(({ number }) => number).sort((a, b) => a - b);
    for (const [i, event] of batch.entries()) stored.push({ number: numbers[i] as number, ...event });
  }
  return stored;
}

function fromRow(row: Selectable<EventsTable>): StoredEvent {
  return { number: row.number, paths: JSON.parse(row.paths), body: JSON.parse(row.body), at: row.at };
}

/** At most `limit` events after `number`, oldest first. */
export async function eventsAfter(db: Kysely<Tables>, number: number, limit: number): Promise<StoredEvent[]> {
  const query = db.selectFrom('events').selectAll().where('number', '>', number);
  return (await query.orderBy('number').limit(limit).execute()).map(fromRow);
}

/** Numbers of the oldest and newest event that are kept; both 0 for none. */
export async function eventRange(db: Kysely<Tables>): Promise<{ oldest: number; newest: number }> {
  // Two queries: SQLite walks the whole table for a minimum and a maximum in one.
  const ends = db.selectFrom('events').select('number').limit(1);
  const oldest = await ends.orderBy('number').executeTakeFirst();
  const newest = await ends.orderBy('number', 'desc').executeTakeFirst();
  return { oldest: oldest?.number ?? 0, newest: newest?.number ?? 0 };
}
