import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type PlaceFiles, takePlace } from './take-place.ts';

class Killed extends Error {}

/** Files and processes in memory. Before each call another process may run, and a process may be killed there. */
class Machine {
  readonly files = new Map<string, string>();
  readonly alive = new Set<string>();
  readonly holders = new Set<string>();
  readonly #choices: number[];
  #started = 0;

  /** `choices`, one for each call: 0 and 1 let it be, 2 starts another process first, 3 kills the one that calls. */
  constructor(choices: readonly number[]) {
    this.#choices = [...choices];
  }

  /** One process from its start until it has the place, is refused, or is killed. */
  start(): void {
    const name = `process ${++this.#started}`;
    this.alive.add(name);
    try {
      if (takePlace('place', this.#filesOf(name)) === null) this.holders.add(name);
      else this.alive.delete(name);
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      this.alive.delete(name);
    }
    expect([...this.holders].filter((holder) => this.alive.has(holder)).length).toBeLessThanOrEqual(1);
  }

  #filesOf(name: string): PlaceFiles {
    const before = (): void => {
      const choice = this.#choices.pop();
      if (choice === 2) this.start();
      if (choice === 3) throw new Killed();
    };
    const { files, alive } = this;
    return {
      read: (path) => {
        before();
        return files.get(path) ?? null;
      },
      make: (path) => {
        before();
        if (files.has(path)) return false;
        files.set(path, name);
        return true;
      },
      replace: (path) => {
        before();
        files.set(path, name);
      },
      remove: (path) => {
        before();
        files.delete(path);
      },
      isAlive: (named) => {
        before();
        return alive.has(named);
      },
    };
  }
}

test('at most one living process has the place, whoever starts or dies between any two steps', () => {
  const run = (choices: number[]): void => {
    const machine = new Machine(choices);
    machine.files.set('place', 'process 0');
    machine.start();
    machine.start();
    // Who had the place dies, too: the next one follows.
    for (const holder of machine.holders) machine.alive.delete(holder);
    machine.start();
  };
  fc.assert(fc.property(fc.array(fc.nat(3), { maxLength: 60 }), run), { numRuns: 5000 });
});

test('a place whose holder died, and whose next one died on the way, is taken all the same, and nothing is left', () => {
  // It takes seven calls: the process is killed before each of them.
  for (let step = 0; step < 7; step++) {
    const machine = new Machine([3, ...Array<number>(step).fill(0)]);
    machine.files.set('place', 'process 0');
    machine.start();
    machine.alive.clear();
    machine.start();
    expect(machine.files.get('place')).toBe('process 2');
    expect([...machine.holders].at(-1)).toBe('process 2');
  }
});

test('a living holder is named', () => {
  const machine = new Machine([]);
  machine.start();
  machine.start();
  expect([...machine.holders]).toEqual(['process 1']);
  expect([...machine.files]).toEqual([['place', 'process 1']]);
});
