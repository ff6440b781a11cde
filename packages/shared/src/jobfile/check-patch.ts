/**
 * Judges a patch before it is queued: which files it touches, and whether it may. One pass over the bytes of a unified or
 * git diff, in which only header lines become strings. What `git apply` would skip over without a word (a binary file
 * that is not in the patch, a combined diff) is refused here, because the build would not be of the developer's tree.
 *
 * What a patch alone cannot tell is left to the worker's `git apply --index` and the tree id: whether it applies, and
 * whether a link that is already in the tree lies in a name's way.
 */

import { sanitizeName } from '../text/visible.ts';
import { LineCursor } from './line-cursor.ts';
import { type Hunks, readBinary, readHunks } from './patch-body.ts';
import {
  type PatchChange,
  type PatchHeader,
  quoted,
  readGitHeader,
  readPlainHeader,
} from './patch-header.ts';
import { foldName, linkProblem, nameProblem, utf8Of } from './patch-policy.ts';
import { PatchRefusal, refuse } from './patch-refusal.ts';

export type { PatchChange };

/** One file that a patch touches. */
export interface PatchFile {
  /** Name after the change (before it, for a deleted file) in UTF-8, damage as U+FFFD; folders are separated by `/`. */
  path: string;
  change: PatchChange;
  /** Name before, for a renamed or copied file. */
  from?: string;
  /** Whether the change is a git binary patch. */
  binary: boolean;
  /** Mode after the change in git's octal notation (`100755`, `120000` link, `160000` submodule), if the patch says it. */
  mode?: string;
  /** Where a new or changed symbolic link points. */
  symlinkTarget?: string;
}

/** The files in the order of the patch, or one printable sentence that says where and why not. */
export type CheckedPatch = { ok: true; files: PatchFile[] } | { ok: false; reason: string };

/** Limits of our own; a patch of a real change is far from them. */
const MAX_FILES = 500_000;
/** Sum of the sizes that binary parts declare. Compressed zeros grow a thousandfold on the worker. */
const MAX_BINARY_BYTES = 1024 ** 3;

const LINK = '120000';
const NEWLINE = 0x0a;
const ESCAPE = 0x1b;

const COMBINED = ['diff --cc ', 'diff --combined ', '@@@ '];
const BINARY_WITHOUT_CONTENT =
  /^(?:Binary files? .* (?:differ|has changed)|Cannot display: file marked as a binary type\.)$/;

/** Checks the whole patch with `level` folders stripped from its names. No bytes are no files; anything else must be a patch. */
export function checkPatch(bytes: Uint8Array, options: { level: number }): CheckedPatch {
  // Git takes no patch whose last line is cut; a cut name would else be another file's.
  if (bytes.length > 0 && bytes.at(-1) !== NEWLINE) {
    return { ok: false, reason: 'the patch does not end with a newline: it may be cut off' };
  }
  try {
    return { ok: true, files: new PatchWalk(bytes, options.level).run() };
  } catch (error) {
    if (!(error instanceof PatchRefusal)) throw error;
    return { ok: false, reason: sanitizeName(error.message) };
  }
}

/** A file with what only the check needs: its latin1 names and its line. */
interface Touched {
  file: PatchFile;
  name: string;
  line: number;
}

class PatchWalk {
  readonly #cursor: LineCursor;
  readonly #level: number;
  readonly #isEmpty: boolean;
  readonly #touched: Touched[] = [];
  /** Folded names of the links that the patch makes. */
  readonly #links = new Set<string>();
  #binaryBytes = 0;

  constructor(bytes: Uint8Array, level: number) {
    this.#cursor = new LineCursor(bytes);
    this.#level = level;
    this.#isEmpty = bytes.length === 0;
  }

  run(): PatchFile[] {
    const cursor = this.#cursor;
    while (!cursor.atEnd) {
      if (cursor.startsWith('diff --git ')) this.#gitFile();
      else if (cursor.startsWith('--- ') && this.#isPlainHeader()) this.#plainFile();
      else this.#skip();
    }
    if (this.#touched.length === 0 && !this.#isEmpty) refuse(1, 'no change to any file is in the patch');
    for (const touched of this.#touched) this.#refuseThroughLink(touched);
    return this.#touched.map(({ file }) => file);
  }

  /** Whether `+++ ` is on the next line: `--- ` also ends a commit message. */
  #isPlainHeader(): boolean {
    return this.#cursor.nextStartsWith('+++ ');
  }

  /** Words between the files: passed over, unless they stand for a change that is lost. */
  #skip(): void {
    const cursor = this.#cursor;
    if (cursor.firstByte === ESCAPE) refuse(cursor.number, 'a coloured diff: make it without colour');
    if (cursor.startsWith('@@ -')) refuse(cursor.number, 'a hunk that belongs to no file');
    if (COMBINED.some((start) => cursor.startsWith(start))) {
      refuse(cursor.number, 'a combined diff of a merge: make it against one revision');
    }
    if (cursor.startsWith('GIT binary patch'))
      refuse(cursor.number, 'a binary patch that belongs to no file');
    if (cursor.firstByte === 0x42 || cursor.firstByte === 0x43) this.#refuseMissingBinary();
    cursor.next();
  }

  #refuseMissingBinary(): void {
    const line = this.#cursor.text(0, 20_000);
    if (BINARY_WITHOUT_CONTENT.test(line)) {
      refuse(
        this.#cursor.number,
        'a binary file whose content is not in the patch: use git diff --binary --full-index',
      );
    }
  }

  #gitFile(): void {
    const cursor = this.#cursor;
    const header = readGitHeader(cursor, this.#level);
    if (cursor.startsWith('GIT binary patch')) {
      this.#binaryFile(header);
    } else if (cursor.startsWith('@@ -')) {
      this.#accept(header, readHunks(cursor));
    } else {
      if (cursor.startsWith('Binary files ')) this.#refuseMissingBinary();
      if (!header.isComplete) refuse(header.line, 'the header is not followed by a change');
      this.#accept(header);
    }
  }

  #binaryFile(header: PatchHeader): void {
    if (!header.hasFullIndex)
      refuse(header.line, 'a binary file without full index: use git diff --binary --full-index');
    if (header.mode === LINK) refuse(header.line, 'a symbolic link as a binary file');
    this.#binaryBytes += readBinary(this.#cursor);
    if (this.#binaryBytes > MAX_BINARY_BYTES) refuse(header.line, 'more than 1 GiB of binary content');
    this.#accept(header, undefined, true);
  }

  #plainFile(): void {
    const header = readPlainHeader(this.#cursor, this.#level);
    if (header === undefined) return;
    const hunks = readHunks(this.#cursor);
    this.#accept({ ...header, change: plainChange(header.change, hunks) }, hunks);
  }

  #accept(header: PatchHeader, hunks?: Hunks, binary = false): void {
    const { oldName, newName, line } = header;
    for (const name of new Set([oldName, newName])) {
      const problem = name === undefined ? undefined : nameProblem(name);
      if (problem !== undefined) refuse(line, `the name ${quoted(name ?? '')} ${problem}`);
    }
    const name = newName ?? oldName ?? '';
    const target = this.#linkTarget(header, hunks, name);
    if (this.#touched.length === MAX_FILES) refuse(line, `more than ${MAX_FILES} files`);
    this.#touched.push({ name, line, file: fileOf(header, name, binary, target) });
  }

  /** The target of a link that is made or changed. A link renamed as it is shows none, nor that it is a link. */
  #linkTarget(header: PatchHeader, hunks: Hunks | undefined, name: string): string | undefined {
    if (header.mode !== LINK || header.change === 'deleted') return undefined;
    this.#links.add(foldName(name));
    if (hunks?.onlyLine === undefined)
      return refuse(header.line, `the link ${quoted(name)} has no target of one line`);
    const problem = linkProblem(name, hunks.onlyLine);
    if (problem !== undefined) refuse(header.line, `the link ${quoted(name)} ${problem}`);
    return hunks.onlyLine;
  }

  /**
   * A file below a link that the same patch makes would be written where the link points. Deleting is right: so a folder
   * gives way to a link of its name.
   */
  #refuseThroughLink({ file, name, line }: Touched): void {
    if (this.#links.size === 0 || file.change === 'deleted') return;
    const folded = foldName(name);
    for (let slash = folded.indexOf('/'); slash !== -1; slash = folded.indexOf('/', slash + 1)) {
      if (this.#links.has(folded.slice(0, slash)))
        refuse(line, `${quoted(name)} lies behind a link that the patch makes`);
    }
  }
}

/** Outside of git's format only the hunks tell that a file is new or gone: svn gives both names. */
function plainChange(change: PatchChange, hunks: Hunks): PatchChange {
  if (change !== 'modified') return change;
  if (hunks.hasNoOld) return 'added';
  return hunks.hasNoNew ? 'deleted' : 'modified';
}

function fileOf(header: PatchHeader, name: string, binary: boolean, target: string | undefined): PatchFile {
  const file: PatchFile = { path: utf8Of(name), change: header.change, binary };
  const hasMoved = header.change === 'renamed' || header.change === 'copied';
  if (hasMoved && header.oldName !== undefined) file.from = utf8Of(header.oldName);
  if (header.mode !== undefined) file.mode = header.mode;
  if (target !== undefined) file.symlinkTarget = utf8Of(target);
  return file;
}
