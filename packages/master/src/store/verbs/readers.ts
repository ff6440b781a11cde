/** Readers of the outbox that must miss no event keep their position here. */
import type { Kysely } from 'kysely';
import type { Tables } from '../tables.ts';
import type { WriteContext } from '../write-queue.ts';

export async function readerPosition(db: Kysely<Tables>, name: string): Promise<number | null> {
  const readers = db.selectFrom('eventReaders').select('position').where('name', '=', name);
  return (await readers.executeTakeFirst())?.position ?? null;
}

export async function setReaderPosition(
  { db }: WriteContext,
  name: string,
  position: number | null,
): Promise<void> {
  if (position === null) {
    await db.deleteFrom('eventReaders').where('name', '=', name).execute();
    return;
  }
  await db
    .insertInto('eventReaders')
    .values({ name, position })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ position }))
    .execute();
}
