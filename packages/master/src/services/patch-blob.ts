/** A patch as the standard input of a command: what the command says of it, and where the worker gets its bytes. */
import { BugError, type Patch } from '@buildbot/shared';
import type { Store } from '../ports/store.ts';
import type { BlobSource } from '../ports/workers.ts';

function blobName(patch: Patch): string {
  return `patch-${patch.patchId}`;
}

/** As the field `stdin` of a command has it. */
export function blobOf(patch: Patch): { blob: string; size: number; sha256: string } {
  return { blob: blobName(patch), size: patch.bytes, sha256: patch.sha256 };
}

/** Its bytes, read when the first piece is asked for. */
export function blobSources(store: Pick<Store, 'patchBody'>, patch: Patch): Record<string, BlobSource> {
  let body: Promise<Uint8Array | null> | undefined;
  const read = async (offset: number, length: number): Promise<Uint8Array> => {
    body ??= store.patchBody(patch.patchId);
    const bytes = await body;
    if (bytes === null) throw new BugError(`patch ${patch.patchId} has no bytes`);
    return bytes.subarray(offset, offset + length);
  };
  return { [blobName(patch)]: { read } };
}
