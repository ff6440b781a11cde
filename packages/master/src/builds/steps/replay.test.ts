/**
 * Every step type can be taken up again wherever the master was stopped. A new step type needs a sample here: options as
 * they are in the configuration, and how its commands end. docs/architecture/durable-builds.md has the rules.
 */
import type { Patch, SourceStamp, StepConfig } from '@buildbot/shared';
import { describe, expect, test } from 'vitest';
import type { PlannedStep, StepCommand, StepContext } from '../../ports/recipe.ts';
import { EXITED, expectReplayable, type ReplayWorld } from '../../testing/replay.ts';
import { planStep, stepSchemas } from './registry.ts';

interface Sample {
  config: StepConfig;
  world: ReplayWorld;
  /** Commands that it must at least ask for, so that the sample is worth its name. */
  commands: number;
}

const COMMIT = 'a'.repeat(40);
const patch: Patch = {
  ...{ patchId: 3, level: 1, subdir: '', author: 'alice', comment: '', bytes: 9 },
  ...{ sha256: 'b'.repeat(64), tree: COMMIT },
};
const stamp: SourceStamp = {
  ...{ sourceStampId: 1, codebase: '', repository: '', project: '', branch: 'main', revision: COMMIT },
  ...{ patch, createdAt: 0 },
};

/** What git would print. */
const gitWorld = (change: Partial<ReplayWorld> = {}): ReplayWorld => ({
  sourceStamps: [stamp],
  answer(command) {
    if (command.kind === 'stat') return { ...EXITED, text: 'none' } as typeof EXITED;
    if (command.kind !== 'exec') return EXITED;
    const words = command.command as string[];
    if (words.includes('--version')) return { ...EXITED, text: 'git version 2.39.5' } as typeof EXITED;
    return { ...EXITED, text: COMMIT } as typeof EXITED;
  },
  ...change,
});

const silentServer: ReplayWorld['answer'] = (command, ordinal) => {
  const words = command.kind === 'exec' ? command.command : [];
  const isAsked = ['rev-parse', 'fetch', 'ls-remote'].some((word) => words.includes(word));
  return isAsked ? ({ ...EXITED, code: 1 } as typeof EXITED) : gitWorld().answer(command, ordinal);
};

const git = (options: object): StepConfig => ({ type: 'git', repository: '/srv/project.git', ...options });

const SAMPLES: Record<string, Sample[]> = {
  shell: [
    {
      config: { type: 'shell', command: 'make %(prop:target:-all)s', env: { A: '%(prop:target)s' } },
      world: { answer: () => EXITED, properties: { target: ['test', 'try build'] } },
      commands: 1,
    },
    {
      config: { type: 'shell', command: ['false'], logfiles: { report: 'out/report.txt' } },
      world: { answer: () => ({ status: 'failed', reason: 'no such program' }) },
      commands: 1,
    },
    {
      config: { type: 'shell', command: 'make test', tests: { format: 'junit', files: ['reports/*.xml'] } },
      world: { answer: () => EXITED },
      commands: 2,
    },
  ],
  git: [
    { config: git({ mode: 'full', method: 'fresh', submodules: true }), world: gitWorld(), commands: 10 },
    { config: git({ mode: 'full', method: 'copy' }), world: gitWorld(), commands: 10 },
    {
      // A server that does not answer: it pauses and tries again.
      config: git({ retry: { attempts: 2, delay: '1s' } }),
      world: gitWorld({ answer: silentServer }),
      commands: 6,
    },
  ],
};

describe.each([...stepSchemas().keys()])('a step of type %s', (type) => {
  const samples = SAMPLES[type] ?? [];

  test('has a sample here', () => {
    expect(samples, `add samples of '${type}' to this file`).not.toEqual([]);
  });

  test.each(samples)('can be taken up again at each of its commands: $config', async (sample) => {
    const commands = await expectReplayable(planStep(sample.config), sample.world);
    expect(commands).toBeGreaterThanOrEqual(sample.commands);
  });
});

/** The rules are worth something only if breaking them is seen. */
describe('a step that breaks the rules is seen', () => {
  const world: ReplayWorld = { answer: () => EXITED };
  const echo = (word: unknown): StepCommand => ({
    ...{ kind: 'exec', workdir: '', env: {} },
    command: ['echo', String(word)],
  });
  const planned = (run: (context: StepContext) => Promise<void>): PlannedStep => ({
    ...planStep({ type: 'shell', command: 'true' }),
    run: async (context) => {
      await run(context);
      return { results: 0, stateString: 'done' };
    },
  });
  let lives = 0;

  test.each<[string, (context: StepContext) => Promise<void>]>([
    ['the time of day', async (context) => void (await context.run(echo(Date.now())))],
    ['a stop watch', async (context) => void (await context.run(echo(performance.now())))],
    ['chance', async (context) => void (await context.run(echo(Math.random())))],
    [
      'something it remembers',
      async (context) => {
        await context.run(echo('same'));
        await (await context.log('stdio')).append('h', `life ${lives++}`);
      },
    ],
  ])('by %s', async (_name, run) => {
    await expect(expectReplayable(planned(run), world)).rejects.toThrow('outcomes');
  });
});
