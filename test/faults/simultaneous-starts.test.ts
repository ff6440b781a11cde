/** Twenty daemons that are started in one folder at the same moment, after the one that ran there was killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';

const TAKER = fileURLToPath(new URL('./basedir-taker.ts', import.meta.url));
const STARTS = 20;
const ROUNDS = 15;

class Taker {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor() {
    this.#child = spawn(process.execPath, [TAKER], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const lines: Interface = createInterface({ input: this.#child.stdout as NodeJS.ReadableStream });
    this.#lines = lines[Symbol.asyncIterator]();
  }

  end(): void {
    this.#child.kill('SIGKILL');
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  async ask(line: string): Promise<string> {
    this.#child.stdin?.write(`${line}\n`);
    return (await this.#lines.next()).value as string;
  }
}

let takers: Taker[];

beforeAll(async () => {
  takers = Array.from({ length: STARTS }, () => new Taker());
  // They are all there when they have answered once.
  await Promise.all(takers.map((taker) => taker.ask('release')));
}, 60_000);

afterAll(() => {
  for (const taker of takers) taker.end();
});

/** An id of the largest that Linux gives, begun at the first tick: nobody that runs. */
const STALE = '4194303 1\n';

test.each([
  ['worker', (folder: string) => folder, 'worker.pid'],
  ['master', (folder: string) => join(folder, 'master.pid'), 'master.pid'],
] as const)(
  'of twenty starts of a %s at once one gets the folder',
  async (which, argument, file) => {
    const folder = await mkdtemp(join(tmpdir(), 'starts-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    // They are all there when they have answered once.
    await Promise.all(takers.map((taker) => taker.ask('release')));
    for (let round = 0; round < ROUNDS; round++) {
      await writeFile(join(folder, file), STALE);
      const answers = await Promise.all(takers.map((taker) => taker.ask(`${which} ${argument(folder)}`)));
      const winners = takers.filter((_, index) => answers[index] === 'taken');
      expect(winners.map(({ pid }) => pid)).toEqual([winners[0]?.pid]);
      const [winner] = winners;
      expect(await readFile(join(folder, file), 'utf8')).toMatch(new RegExp(`^${winner?.pid} \\d+\\n$`));
      expect(await readdir(folder)).toEqual([file]);
      for (const answer of answers) if (answer !== 'taken') expect(answer).toMatch(/already/);
      await Promise.all(takers.map((taker) => taker.ask('release')));
      expect(await readdir(folder)).toEqual([]);
    }
  },
  60_000,
);
