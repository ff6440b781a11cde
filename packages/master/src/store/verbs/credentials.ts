/** Tokens and sessions, by the hash of their secret; and the events that say who did what. */
import type { Kysely } from 'kysely';
import type { AuditEntry, Credential, NewCredential } from '../../ports/credentials.ts';
import type { Row } from '../rows.ts';
import type { CredentialsTable, Tables } from '../tables.ts';
import type { WriteContext } from '../write-queue.ts';

type Db = Kysely<Tables>;

function toCredential({ hash: _, person, scopes, ...row }: Row<CredentialsTable>): Credential {
  return { ...row, person: JSON.parse(person), scopes: JSON.parse(scopes) };
}

export async function addCredential(
  { db, now }: WriteContext,
  { person, scopes, ...credential }: NewCredential,
): Promise<Credential> {
  const texts = { person: JSON.stringify(person), scopes: JSON.stringify(scopes) };
  const row = { ...credential, ...texts, createdAt: now, revokedAt: null, revokedBy: null, usedAt: null };
  const added = db.insertInto('credentials').values(row).returningAll();
  return toCredential(await added.executeTakeFirstOrThrow());
}

export async function validCredentials(db: Db, now: number): Promise<(Credential & { hash: string })[]> {
  const rows = await db
    .selectFrom('credentials')
    .selectAll()
    .where('revokedAt', 'is', null)
    .where((where) => where.or([where('expiresAt', 'is', null), where('expiresAt', '>', now)]))
    .execute();
  return rows.map((row) => ({ ...toCredential(row), hash: row.hash }));
}

export async function tokens(db: Db): Promise<Credential[]> {
  const rows = db.selectFrom('credentials').selectAll().where('kind', '=', 'token');
  return (await rows.orderBy('credentialId').execute()).map(toCredential);
}

export async function revokeCredential(
  { db, now }: WriteContext,
  credentialId: number,
  by: string,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('credentials')
    .set({ revokedAt: now, revokedBy: by })
    .where('credentialId', '=', credentialId)
    .where('revokedAt', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

export async function touchCredential({ db, now }: WriteContext, credentialId: number): Promise<void> {
  const row = db.updateTable('credentials').set({ usedAt: now });
  await row.where('credentialId', '=', credentialId).execute();
}

export async function audit({ emit }: WriteContext, { what, verdict, ...facts }: AuditEntry): Promise<void> {
  emit([`audit/${what}/${verdict}`], facts);
}

/** Forget what has not been valid for so long that nobody asks for it. */
export async function forgetCredentials({ db }: WriteContext, before: number): Promise<void> {
  await db.deleteFrom('credentials').where('expiresAt', '<', before).execute();
  await db.deleteFrom('credentials').where('revokedAt', '<', before).execute();
}
