/**
 * The entry of the CLI behind `bin/buildbot.js`: finds the command, runs it, and turns what it threw into one sentence
 * and an exit code. Config, plug-ins and help of oclif are loaded only when help is asked for; that saves a light
 * command 20 ms of 100 (2026-11).
 */
import { readFile } from 'node:fs/promises';
import { nearest, sanitizeName, UserError } from '@buildbot/shared';
import { COMMANDS, commandOf } from './command-table.ts';
import { failureLines, failureOf } from './failure.ts';

/** Runs the command of `argv` (without `node` and the script) and gives the exit code. `root` is the package's folder. */
export async function main(argv: readonly string[], root: URL): Promise<number> {
  goOnUnread();
  try {
    return await dispatch(argv, root);
  } catch (error) {
    return told(error);
  }
}

async function dispatch(argv: readonly string[], root: URL): Promise<number> {
  const { name, rest } = commandOf(argv);
  if (name === '--version' || name === 'version') {
    process.stdout.write(`buildbot ${(await packageInfo(root)).version}\n`);
    return 0;
  }
  if (name === '--help' || name === '-h' || name === 'help' || asksForHelp(rest))
    return help(name.startsWith('-') || name === 'help' ? rest : name.split(' '), root);
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load === undefined) throw unknownCommand(name);
  const [{ default: command }, { version }, { lightConfig }] = await Promise.all([
    load(),
    packageInfo(root),
    import('./light-config.ts'),
  ]);
  command.id = name;
  const result = await command.launch([...rest], lightConfig(version));
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

/**
 * The reader has gone (`| head`), or the terminal was closed: for whoever follows builds as good as a hang-up, so that a
 * failing build never ends as one that passed. All else comes to its own end, with nothing more to say.
 */
function goOnUnread(): void {
  onBroken(process.stdout, () => void process.emit('SIGHUP', 'SIGHUP'));
  onBroken(process.stderr, () => {});
}

function onBroken(stream: NodeJS.WriteStream, listener: () => void): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
    listener();
  });
}

function told(error: unknown): number {
  const failure = failureOf(error);
  for (const line of failureLines(failure)) process.stderr.write(`${line}\n`);
  return failure.exitCode;
}
