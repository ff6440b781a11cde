/** Test support: a real repository in a temporary folder, untouched by the settings of whoever runs the tests. */
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { NewPatch } from '../ports/records.ts';

const ENVIRONMENT = {
  PATH: '/usr/local/bin:/usr/bin:/bin',
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'A',
  GIT_AUTHOR_EMAIL: 'a@example.org',
  GIT_COMMITTER_NAME: 'A',
  GIT_COMMITTER_EMAIL: 'a@example.org',
};

/** A file to be: its text or bytes, a link, or `null` for gone. */
export type Content = string | Uint8Array | { link: string } | { script: string } | null;

export class GitRepository implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** On branch `main` with one commit of these files. */
  static async make(files: Record<string, Content> = { 'a.txt': 'one\n' }): Promise<GitRepository> {
    const repository = new GitRepository(await mkdtemp(join(tmpdir(), 'bb-git-')));
    await repository.git('init', '--quiet', '--initial-branch=main');
    await repository.commit(files);
    return repository;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }

  /** Standard output, without the last newline. */
  async git(...args: string[]): Promise<string> {
    return (await this.#run(args)).toString().trimEnd();
  }

  async write(files: Record<string, Content>): Promise<void> {
    for (const [name, content] of Object.entries(files)) {
      const path = join(this.path, name);
      await rm(path, { recursive: true, force: true });
      if (content === null) continue;
      await mkdir(dirname(path), { recursive: true });
      if (typeof content === 'string' || content instanceof Uint8Array) await writeFile(path, content);
      else if ('link' in content) await symlink(content.link, path);
      else {
        await writeFile(path, content.script);
        await chmod(path, 0o755);
      }
    }
  }

  /** Change files and commit; answers the commit's id. */
  async commit(files: Record<string, Content>): Promise<string> {
    await this.write(files);
    await this.git('add', '--all');
    await this.git('commit', '--quiet', '--message=change');
    return await this.git('rev-parse', 'HEAD');
  }

  /** What these changes are as a try job's patch on HEAD. The repository is as before afterwards. */
  async patch(files: Record<string, Content>): Promise<NewPatch> {
    await this.write(files);
    await this.git('add', '--all', '--force');
    const tree = await this.git('write-tree');
    const body = await this.#run(['diff', '--cached', '--binary', '--full-index', 'HEAD']);
    await this.git('reset', '--quiet', '--hard');
    return { level: 1, subdir: '', author: 'alice', comment: '', body, tree };
  }

  async #run(args: string[]): Promise<Buffer> {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    const options = { cwd: this.path, env: ENVIRONMENT, encoding: 'buffer' as const, maxBuffer: 2 ** 28 };
    execFile('git', ['-c', 'core.autocrlf=false', ...args], options, (error, stdout, stderr) =>
      error ? reject(new Error(`git ${args.join(' ')}: ${stderr}`)) : resolve(stdout),
    );
    return await promise;
  }
}
