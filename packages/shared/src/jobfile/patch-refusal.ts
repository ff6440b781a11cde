/** Why a patch is refused, on its way from the depth of a walk to `checkPatch`, which makes a value of it. Never leaves. */
export class PatchRefusal extends Error {
  override readonly name = 'PatchRefusal';
}

/** Ends the walk with a reason that names the line. */
export function refuse(line: number, reason: string): never {
  throw new PatchRefusal(`line ${line}: ${reason}`);
}
