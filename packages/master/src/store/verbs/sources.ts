/** Source stamps, their patches, and changes. */
import { createHash } from 'node:crypto';
import { BugError, type Change, changeResource, type SourceStamp } from '@buildbot/shared';
import type { NewPatch, NewSourceStamp } from '../../ports/records.ts';
import type { Store } from '../../ports/store.ts';
import { withPatches } from '../reading.ts';
import { toChange } from '../rows.ts';
import type { WriteContext } from '../write-queue.ts';

/** A source stamp whose patch, if any, has its bytes on disk already. */
export interface PreparedStamp extends Omit<NewSourceStamp, 'patch'> {
  patch: (Omit<NewPatch, 'body'> & { bytes: number; sha256: string }) | null;
}

/** All that makes a source stamp what it is, in one text. */
function digestOf({ codebase, repository, project, branch, revision, patch }: PreparedStamp): string {
  const parts = [codebase, repository, project, branch, revision];
  const patchParts = patch && [
    patch.level,
    patch.subdir,
    patch.author,
    patch.comment,
    patch.sha256,
    patch.tree,
  ];
  return createHash('sha256')
    .update(JSON.stringify([parts, patchParts]))
    .digest('hex');
}

/** The source stamp's row, made if there is no equal one. */
export async function sourceStamp({ db, now }: WriteContext, stamp: PreparedStamp): Promise<SourceStamp> {
  const digest = digestOf(stamp);
  const stamps = db.selectFrom('sourceStamps').selectAll();
  const known = await stamps.where('digest', '=', digest).executeTakeFirst();
  const row = known ?? (await insert());
  const [complete] = await withPatches(db, [row]);
  if (complete === undefined) throw new BugError('a source stamp vanished while it was made');
  return complete;

  async function insert() {
    const { patch, ...source } = stamp;
    const patchRow =
      patch && (await db.insertInto('patches').values(patch).returning('patchId').executeTakeFirstOrThrow());
    const values = { ...source, digest, patchId: patchRow?.patchId ?? null, createdAt: now };
    return await db.insertInto('sourceStamps').values(values).returningAll().executeTakeFirstOrThrow();
  }
}

export async function addChange(
  context: WriteContext,
  change: Parameters<Store['addChange']>[0],
): Promise<Change> {
  const { codebase, repository, project, branch, revision } = change;
  const stamp = await sourceStamp(context, { codebase, repository, project, branch, revision, patch: null });
  const row = await context.db
    .insertInto('changes')
    .values({
      ...change,
      sourceStampId: stamp.sourceStampId,
      files: JSON.stringify(change.files),
      properties: JSON.stringify(change.properties),
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  const added = toChange(row);
  context.emit([`changes/${added.changeId}/new`], changeResource(added, stamp));
  return added;
}
