/**
 * A small project, its repository and a developer's clone of it, all below one folder: what every working-copy state
 * starts from. Git runs with a home of its own, so that nobody's settings play a part.
 */

import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

export interface Scene {
  /** Everything lies below this folder. */
  readonly dir: string;
  /** Bare repository: what the master builds from. */
  readonly remote: string;
  /** The developer's working copy. */
  readonly work: string;
  /** Runs git in the working copy and returns what it printed, without the last line break. */
  git(...args: readonly string[]): string;
  gitIn(folder: string, ...args: readonly string[]): string;
  /** Writes a file of the working copy, making folders. A `Buffer` path may hold any bytes. */
  write(path: string | Buffer, content: string | Uint8Array): void;
  link(target: string, path: string): void;
  move(from: string, to: string): void;
  remove(path: string): void;
  mode(path: string, mode: number): void;
  folder(path: string): void;
  /** Stages everything and commits it. */
  commit(message: string): void;
}

/** The environment that git has in a scene; other variables of the caller's are not passed on. */
export function sceneEnvironment(dir: string): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    HOME: join(dir, 'home'),
    GIT_CONFIG_NOSYSTEM: '1',
    LC_ALL: 'C',
  };
}

/** The scene without its repositories, for states that make their own. */
export function bareScene(dir: string): Scene {
  const work = join(dir, 'work');
  const env = sceneEnvironment(dir);
  const gitIn = (folder: string, ...args: readonly string[]) => git(folder, args, env);
  const at = (path: string) => join(work, path);
  const makeRoom = (path: string) => mkdirSync(dirname(path), { recursive: true });
  mkdirSync(join(dir, 'home'), { recursive: true });
  writeFileSync(join(dir, 'home', '.gitconfig'), HOME_CONFIG);
  return {
    dir,
    work,
    remote: join(dir, 'remote.git'),
    gitIn,
    git: (...args) => gitIn(work, ...args),
    write: (path, content) => {
      if (typeof path === 'string') makeRoom(at(path));
      writeFileSync(
        typeof path === 'string' ? at(path) : Buffer.concat([Buffer.from(`${work}/`), path]),
        content,
      );
    },
    link: (target, path) => {
      makeRoom(at(path));
      symlinkSync(target, at(path));
    },
    move: (from, to) => {
      makeRoom(at(to));
      renameSync(at(from), at(to));
    },
    remove: (path) => rmSync(at(path), { recursive: true }),
    mode: (path, mode) => chmodSync(at(path), mode),
    folder: (path) => void mkdirSync(at(path), { recursive: true }),
    commit: (message) => {
      gitIn(work, 'add', '-A');
      gitIn(work, 'commit', '-q', '--allow-empty', '-m', message);
    },
  };
}

/** The sample project on branch `main`, cloned and clean. */
export function clonedScene(dir: string, cloneOptions: readonly string[] = [], objectFormat = 'sha1'): Scene {
  const scene = bareScene(dir);
  makeRemote(scene, objectFormat);
  clone(scene, cloneOptions);
  return scene;
}

export function makeRemote(scene: Scene, objectFormat = 'sha1'): void {
  const { dir, remote, gitIn } = scene;
  gitIn(dir, 'init', '-q', '--bare', '--template=', `--object-format=${objectFormat}`, remote);
  // Real servers answer to `--filter` and to a bare commit id.
  appendFileSync(join(remote, 'config'), '[uploadpack]\n  allowFilter = true\n  allowAnySHA1InWant = true\n');
  execFileSync('git', ['fast-import', '--quiet'], {
    cwd: remote,
    env: sceneEnvironment(dir),
    input: PROJECT,
  });
}

export function clone({ dir, gitIn }: Scene, options: readonly string[] = []): void {
  gitIn(dir, 'clone', '-q', '--template=', ...options, join(dir, 'remote.git'), 'work');
}

/** A second repository `name.git` with one commit, to be a submodule. */
export function makeLibrary({ dir, gitIn }: Scene, name = 'library'): string {
  const path = join(dir, `${name}.git`);
  gitIn(dir, 'init', '-q', '--bare', '--template=', path);
  execFileSync('git', ['fast-import', '--quiet'], { cwd: path, env: sceneEnvironment(dir), input: LIBRARY });
  return path;
}

function git(cwd: string, args: readonly string[], env: Record<string, string>): string {
  return execFileSync('git', args, {
    cwd,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trimEnd();
}

const HOME_CONFIG = `
[user]
  name = Dev Eloper
  email = dev@example.org
[init]
  defaultBranch = main
[advice]
  detachedHead = false
[protocol "file"]
  allow = always
[gc]
  auto = 0
`;

/** Numbered lines, so that an edit in the middle has context on both sides. */
export function lines(count: number, word = 'line'): string {
  return Array.from({ length: count }, (_, index) => `${word} ${index + 1}\n`).join('');
}

/** Every byte value, NUL among them; different for each seed and hard to compress. */
export function binary(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let index = 0; index < length; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

type ProjectFile = readonly [mode: string, path: string, content: string | Uint8Array];

function fastImport(commits: readonly (readonly ProjectFile[])[]): Buffer {
  const parts = commits.map((files, index) => {
    const head = `commit refs/heads/main\ncommitter A <a@b> ${1_700_000_000 + index} +0000\ndata 4\nwork\n`;
    const bodies = files.map(([mode, path, content]) => {
      const bytes = Buffer.from(content);
      return Buffer.concat([
        Buffer.from(`M ${mode} inline ${path}\ndata ${bytes.length}\n`),
        bytes,
        Buffer.from('\n'),
      ]);
    });
    return Buffer.concat([Buffer.from(head), ...bodies]);
  });
  return Buffer.concat(parts);
}

const PROJECT = fastImport([
  [
    ['100644', 'README.md', lines(20, 'readme')],
    ['100644', '.gitignore', '*.log\n/build/\n'],
    ['100644', 'src/main.c', lines(40, 'main')],
  ],
  [
    ['100644', 'src/lib.c', lines(30, 'lib')],
    ['100644', 'src/deep/er/leaf.c', lines(5, 'leaf')],
    ['100755', 'bin/run.sh', '#!/bin/sh\necho run\n'],
    ['100644', 'data/logo.bin', binary(3000)],
    ['120000', 'link', 'README.md'],
    ['100644', 'docs/guide.txt', lines(10, 'guide')],
  ],
  [['100644', 'src/main.c', lines(41, 'main')]],
]);

const LIBRARY = fastImport([[['100644', 'library.c', lines(10, 'library')]]]);
