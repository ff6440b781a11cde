/** One named condition that a working copy can be in, made with real git. */

import type { Scene } from './scene.ts';

export interface WorkingCopyState {
  /** Unique; reads after "a working copy with …". */
  readonly name: string;
  /** Makes the state below an empty folder: see `scene.ts` for what lies where. */
  readonly build: (dir: string) => void;
  /** What must come of it: the very same tree elsewhere, or a refusal with a reason. */
  readonly expect: 'same-tree' | 'refused';
  /** Options of the snapshot, named as on the command line. */
  readonly options?: StateOptions;
  /** What a refusal must say. */
  readonly reason?: RegExp;
  /** Folder to run in, below the state's own; `work` unless given. */
  readonly from?: string;
  /** Repository the master has, below the state's own folder; `remote.git` unless given. */
  readonly remote?: string;
  /** Further variables of the developer's environment. */
  readonly env?: (dir: string) => Record<string, string>;
  /**
   * What the checkout elsewhere must look like. `disk` (unless given): the files are the developer's files, bytes,
   * modes and links. `tree`: they differ by design, because something is left out on demand or git converts content
   * between disk and store; then `holds` tells what must be there.
   */
  readonly compare?: 'disk' | 'tree';
  /** Content of single files in the checkout elsewhere; null for a file that must not be there. */
  readonly holds?: Readonly<Record<string, string | null>>;
  /** Paths that must be in the patch: for changes that leave no file elsewhere. */
  readonly sends?: readonly string[];
  /** The patch is right, but a master of this project will not take it, for a reason that matches. */
  readonly masterRefuses?: RegExp;
  /** Kinds of things that the snapshot must say it left out. */
  readonly leavesOut?: readonly string[];
}

export interface StateOptions {
  readonly untracked?: boolean;
  readonly staged?: boolean;
  readonly pathspecs?: readonly string[];
  readonly branch?: string;
  readonly baseRevision?: string;
  readonly historyFrom?: 'here';
  readonly maxPatchBytes?: number;
}

/** Shortens the tables: a state that must arrive as the same tree. */
export function same(
  name: string,
  build: (dir: string) => void,
  more: Omit<WorkingCopyState, 'name' | 'build' | 'expect' | 'reason'> = {},
): WorkingCopyState {
  return { name, build, expect: 'same-tree', ...more };
}

/** A state that must be refused, with a reason that matches. */
export function refused(
  name: string,
  build: (dir: string) => void,
  reason: RegExp,
  more: Omit<WorkingCopyState, 'name' | 'build' | 'expect' | 'reason'> = {},
): WorkingCopyState {
  return { name, build, expect: 'refused', reason, ...more };
}

/** A build function on a scene that `open` makes. */
export function on(open: (dir: string) => Scene, edit: (scene: Scene) => void): (dir: string) => void {
  return (dir) => edit(open(dir));
}
