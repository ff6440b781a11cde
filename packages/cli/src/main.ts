/**
 * The entry of the CLI behind `bin/buildbot.js`: finds the command, runs it, and turns what it threw into one sentence
 * and an exit code. Config, plug-ins and help of oclif are loaded only when help is asked for; that saves a light
 * command 20 ms of 100 (2026-11).
 */
import { readFile } from 'node:fs/promises';
import { type ExternalError, messageOf, nearest, sanitizeName, UserError } from '@buildbot/shared';
import { COMMANDS } from './command-table.ts';
import { EXIT } from './view/verdict.ts';

/** Runs the command of `argv` (without `node` and the script) and gives the exit code. `root` is the package's folder. */
export async function main(argv: readonly string[], root: URL): Promise<number> {
  quietOnBrokenPipe(process.stdout);
  quietOnBrokenPipe(process.stderr);
  try {
    return await dispatch(argv, root);
  } catch (error) {
    return told(error);
  }
}

async function dispatch(argv: readonly string[], root: URL): Promise<number> {
  const [name = '--help', ...rest] = argv;
  if (name === '--version' || name === 'version') {
    process.stdout.write(`buildbot ${(await packageInfo(root)).version}\n`);
    return 0;
  }
  if (name === '--help' || name === '-h' || name === 'help' || asksForHelp(rest))
    return help(name.startsWith('-') || name === 'help' ? rest : [name], root);
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load === undefined) throw unknownCommand(name);
  const [{ default: command }, { version }, { lightConfig }] = await Promise.all([
    load(),
    packageInfo(root),
    import('./light-config.ts'),
  ]);
  command.id = name;
  const result = await command.launch(rest, lightConfig(version));
  return typeof result === 'number' ? result : 0;
}

function asksForHelp(words: readonly string[]): boolean {
  const end = words.indexOf('--');
  return (end < 0 ? words : words.slice(0, end)).some((word) => word === '--help');
}

async function packageInfo(root: URL): Promise<{ version: string }> {
  return JSON.parse(await readFile(new URL('package.json', root), 'utf8'));
}

async function help(words: readonly string[], root: URL): Promise<number> {
  const { showHelp } = await import('./help.ts');
  await showHelp(words, root);
  return 0;
}

function unknownCommand(name: string): UserError {
  const close = nearest(name, Object.keys(COMMANDS));
  const hint =
    close === undefined ? "'buildbot --help' lists the commands." : `Did you mean 'buildbot ${close}'?`;
  return new UserError(`there is no command '${sanitizeName(name, { maxLength: 80 })}'`, { hint });
}

/** The reader has gone (`| head`), or the terminal was closed: no error, and nothing more to say. */
function quietOnBrokenPipe(stream: NodeJS.WriteStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
    process.exit(process.exitCode ?? 0);
  });
}

/** One line for what went wrong, one for what to do about it; a stack only for what is our own fault. */
function told(error: unknown): number {
  const { lines, exitCode } = describe(error);
  for (const line of lines) process.stderr.write(`${line}\n`);
  return exitCode;
}

function describe(error: unknown): { lines: string[]; exitCode: number } {
  if (isNamed<UserError>(error, 'UserError')) return { lines: withHint(error), exitCode: error.exitCode };
  if (isNamed<ExternalError>(error, 'ExternalError'))
    return { lines: withHint(error), exitCode: EXIT.infrastructure };
  if (isNamed(error, 'LinkError')) {
    const lines = [`error: the master cannot be reached: ${printable(error.message)}`];
    return { lines, exitCode: EXIT.infrastructure };
  }
  // Errors of oclif's parser: an unknown flag, a missing argument.
  if (error instanceof Error && 'oclif' in error) {
    return { lines: [`error: ${printable(error.message)}`, "See 'buildbot --help'."], exitCode: EXIT.usage };
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
  return { lines: ['This is a bug in buildbot:', printable(stack)], exitCode: EXIT.infrastructure };
}

/**
 * By name: `--local` brings a master along whose classes are not those of this bundle, and `LinkError` lives with the
 * client, which light commands do not load.
 */
function isNamed<E extends Error>(error: unknown, name: string): error is E {
  return error instanceof Error && error.name === name;
}

function withHint(error: UserError | ExternalError): string[] {
  const hint = error.hint === undefined ? [] : [printable(error.hint)];
  return [`error: ${printable(error.message)}`, ...hint];
}

/** Lines stay lines; everything else that could reach the terminal's controls does not. */
function printable(text: string): string {
  return text
    .split('\n')
    .map((line) => sanitizeName(line.replaceAll('\t', '  '), { maxLength: 2000 }))
    .join('\n');
}
