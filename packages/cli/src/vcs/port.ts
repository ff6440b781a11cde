/**
 * What the command line asks of a version control system: where is the working copy, and what does it hold right now.
 * Each system is one implementation of `Vcs` in a folder of its own; `known.ts` lists them. Whatever a person can
 * cause (no upstream, a merge in progress, a typing error in a pathspec) comes back as a `Refusal` that says what to
 * do next; only a broken tool or a bug is thrown.
 */

/** Where a change goes and what it is, whether taken from a working copy or handed over as a diff. */
export interface TrySource {
  /** Name of the system as `--vc` takes it (`git`), or null for a diff that came from nobody knows where. */
  readonly vcs: string | null;
  /** URL of the remote the base revision was taken from, without a password; null when unknown. */
  readonly repository: string | null;
  /** Branch on that remote, without the remote's name; null when no branch holds the base. */
  readonly branch: string | null;
  /** Revision the patch applies to; null (a given diff only) means the newest of `branch`. */
  readonly baseRevision: string | null;
  /** The change as a diff; null when there is nothing to apply. */
  readonly patch: Uint8Array | null;
  /** How many leading path components `git apply -p` or `patch -p` takes off. */
  readonly patchLevel: number;
  /** Id of the tree that base plus patch must give; null when the system has no such id. */
  readonly tree: string | null;
  readonly files: readonly SnapshotFile[];
  readonly leftOut: readonly LeftOut[];
  readonly stats: SnapshotStats;
}

/** A working copy as it is at this moment. */
export interface Snapshot extends TrySource {
  readonly vcs: string;
  /** Absolute path of the working copy's top folder. */
  readonly topdir: string;
  readonly baseRevision: string;
  /** Local commits that travel inside the patch because no remote branch holds them. */
  readonly unpushedCommits: number;
}

/** `+` new, `~` changed, `-` deleted, `→` renamed. */
export type FileChange = '+' | '~' | '-' | '→';

/** One file that differs from the base. */
export interface SnapshotFile {
  /** From the top folder, for showing: a name with control characters or invalid UTF-8 is quoted as git quotes it. */
  readonly path: string;
  /** Path before the rename, in the same form. */
  readonly from?: string;
  readonly change: FileChange;
  readonly binary: boolean;
  /** True for a file the version control system does not know yet. */
  readonly untracked: boolean;
  /** Size of the new content as the system stores it; 0 for a deleted file, null when only a diff is known. */
  readonly bytes: number | null;
}

/** Why something in the working copy does not travel. */
export type LeftOutWhy =
  /** Ignored by the project's or the user's own rules. A folder counts once. */
  | 'ignored'
  /** Untracked, and the user asked for tracked or staged files only. */
  | 'untracked'
  /** Changed after it was staged, and the user asked for what is staged. */
  | 'unstaged'
  /** Changed, but not among the paths the user named. */
  | 'not-named'
  /** Changed, but the user told the system not to look (`assume-unchanged`, `skip-worktree`). */
  | 'hidden'
  /** An empty folder, which the system cannot hold. */
  | 'empty-folder'
  /** A FIFO, a socket or a device, which it cannot hold either. */
  | 'special-file';

export interface LeftOut {
  readonly why: LeftOutWhy;
  readonly count: number;
  /** The first few, for showing, quoted like `SnapshotFile.path`. */
  readonly paths: readonly string[];
}

export interface SnapshotStats {
  readonly files: number;
  readonly untracked: number;
  readonly binary: number;
  readonly patchBytes: number;
}

/** An outcome a person can put right: `reason` is a sentence without a full stop, `hint` what to do next. */
export interface Refusal {
  readonly ok: false;
  readonly reason: string;
  readonly hint: string;
}

export interface WorkingCopy {
  readonly ok: true;
  readonly vcs: string;
  readonly topdir: string;
}

export type SnapshotOutcome = { readonly ok: true; readonly snapshot: Snapshot } | Refusal;

export interface SnapshotOptions {
  /** Any folder of the working copy. Pathspecs are read from here. */
  readonly dir: string;
  /** Send files that are not under version control and not ignored; true unless given. */
  readonly untracked?: boolean | undefined;
  /** Send what is staged rather than what is on disk. */
  readonly staged?: boolean | undefined;
  /** Send only changes to these paths; none means all. */
  readonly pathspecs?: readonly string[] | undefined;
  /** Branch to compare with, with or without the remote's name, instead of the current branch's upstream. */
  readonly branch?: string | undefined;
  /** Revision to compare with, instead of the newest one the master can have. Trusted to be on the master. */
  readonly baseRevision?: string | undefined;
  /** Goes into `TrySource.repository` in place of the remote's URL. */
  readonly repository?: string | undefined;
  /** Who has the history: the remotes, or (for a master that clones this very working copy) `here`. */
  readonly historyFrom?: 'remotes' | 'here' | undefined;
  /** A larger patch is refused; 50 MiB unless given. */
  readonly maxPatchBytes?: number | undefined;
  /** Ends the commands that are running; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What a name of a revision stands for, as an id that means the same everywhere. */
export type RevisionOutcome = { readonly ok: true; readonly revision: string } | Refusal;

export interface Vcs {
  /** As `--vc` and `vc:` in `.buildbot` name it. */
  readonly name: string;
  /** The working copy around `dir`; null when there is none of this system, a refusal when it cannot be used. */
  detect(dir: string): Promise<WorkingCopy | Refusal | null>;
  snapshot(options: SnapshotOptions): Promise<SnapshotOutcome>;
  /** The id of what the working copy around `dir` calls `name`. */
  resolveRevision(dir: string, name: string): Promise<RevisionOutcome>;
}

/** What an implementation needs from outside. */
export interface VcsDeps {
  /** Environment of the user; what would change a command's output is not passed on. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder for temporary files. */
  readonly tmpdir: string;
}

/** Default of `SnapshotOptions.maxPatchBytes`: what a master accepts unless told otherwise. */
export const DEFAULT_MAX_PATCH_BYTES = 50 * 1024 * 1024;
