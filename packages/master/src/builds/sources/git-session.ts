/** Runs git commands in one folder of a build, each announced in the log as a person would type it. */
import { EXCEPTION, type Patch } from '@buildbot/shared';
import type { CommandResult, StepContext, StepLog } from '../../ports/recipe.ts';
import { failureText, type Limits, succeeded } from '../steps/limits.ts';
import { StepEnd } from '../steps/step-end.ts';
import { gitArgv, gitEnvironment, isLocalRepository, withoutPassword } from './git.ts';

export interface GitSessionOptions {
  context: StepContext;
  log: StepLog;
  repository: string;
  /** Folder of the checkout below the build's own. */
  workdir: string;
  env: Readonly<Record<string, string | null>>;
  limits: Limits;
}

interface RunOptions {
  stdin?: Patch;
  env?: Readonly<Record<string, string>>;
  /** Where to run instead of the checkout. */
  workdir?: string;
  /** Whether local repositories may be read. Default: yes. */
  files?: boolean;
}

export class GitSession {
  readonly repository: string;
  /** The repository as logs and texts may show it. */
  readonly shownRepository: string;
  readonly workdir: string;
  readonly #options: GitSessionOptions;

  constructor(options: GitSessionOptions) {
    this.repository = options.repository;
    this.shownRepository = withoutPassword(options.repository);
    this.workdir = options.workdir;
    this.#options = options;
  }

  /** The same for another folder. */
  in(workdir: string): GitSession {
    return new GitSession({ ...this.#options, workdir });
  }

  get isLocal(): boolean {
    return isLocalRepository(this.repository);
  }

  /** Run a git command, output to the log. */
  async run(words: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
    return await this.#exec(words, 'log', options);
  }

  /** Whether a git command ran well. */
  async succeeds(words: readonly string[], options: RunOptions = {}): Promise<boolean> {
    return succeeded(await this.run(words, options));
  }

  /** Run a git command without which the step cannot go on. */
  async must(words: readonly string[], options: RunOptions = {}): Promise<void> {
    const result = await this.run(words, options);
    if (!succeeded(result)) throw this.failure(words[0] ?? '', result);
  }

  /** What a git command prints, without the last newline; `null` when it failed. */
  async read(words: readonly string[], options: RunOptions = {}): Promise<string | null> {
    const result = await this.#exec(words, 'capture', options);
    return result.status === 'exited' && succeeded(result) ? (result.text ?? '').trimEnd() : null;
  }

  /** The end of the step after a command that failed although nothing about the source was asked. */
  failure(word: string, result: CommandResult): StepEnd {
    const why = failureText(result, this.#options.limits);
    return new StepEnd({ results: EXCEPTION, stateString: `git ${word} failed (${why})` });
  }

  /** Something Buildbot has to say between the commands. */
  async note(text: string): Promise<void> {
    await this.#options.log.append('h', `${text}\n`);
  }

  /** What is at a path below the checkout. */
  async stat(path: string): Promise<string> {
    const result = await this.#options.context.run({ kind: 'stat', path: `${this.workdir}/${path}` });
    return result.status === 'exited' ? (result.text ?? 'none') : 'none';
  }

  async remove(path: string): Promise<void> {
    await this.note(`removing ${path}`);
    this.#expect(await this.#options.context.run({ kind: 'remove', path }), `remove ${path}`);
  }

  async copy(from: string, to: string): Promise<void> {
    await this.note(`copying ${from} to ${to}`);
    this.#expect(await this.#options.context.run({ kind: 'copy', from, to }), `copy ${from}`);
  }

  #expect(result: CommandResult, what: string): void {
    if (result.status === 'exited') return;
    throw new StepEnd({ results: EXCEPTION, stateString: `cannot ${what}: ${result.reason}` });
  }

  async #exec(
    words: readonly string[],
    output: 'log' | 'capture',
    options: RunOptions,
  ): Promise<CommandResult> {
    const { context, env, limits } = this.#options;
    const input = options.stdin ? ` < patch (${options.stdin.bytes} bytes)` : '';
    const shown = words.map((word) => word.replace(this.repository, this.shownRepository)).join(' ');
    await this.note(`$ git ${shown}${input}`);
    return await context.run(
      {
        kind: 'exec',
        command: gitArgv(words),
        workdir: options.workdir ?? this.workdir,
        env: { ...context.env, ...env, ...gitEnvironment(options.files ?? true), ...options.env },
        timeoutMs: limits.timeout,
        maxTimeMs: limits.maxTime,
        graceMs: limits.sigtermTime,
        output,
      },
      options.stdin ? { stdin: options.stdin } : {},
    );
  }
}
