/** The step types there are. To add one: write its file, add it here. */
import { BugError, nearest, type StepConfig } from '@buildbot/shared';
import type * as z from 'zod';
import type { PlannedStep } from '../../ports/recipe.ts';
import type { StepType } from './define.ts';
import { gitStep } from './git.ts';
import { shellStep } from './shell.ts';

const STEP_TYPES: ReadonlyMap<string, StepType> = new Map(
  [gitStep, shellStep].map((stepType) => [stepType.type, stepType]),
);

/** Something wrong with a step's options. `path` is below the step; for an unknown key it ends with the key. */
export interface StepProblem {
  path: (string | number)[];
  message: string;
  hint?: string;
}

/** The options of every step type by its name, for schemas that editors use. */
export function stepSchemas(): ReadonlyMap<string, z.ZodType> {
  return new Map([...STEP_TYPES].map(([type, { schema }]) => [type, schema]));
}

/** What is wrong with a step of the configuration; nothing when it can run. */
export function checkStep(config: StepConfig): StepProblem[] {
  const stepType = STEP_TYPES.get(config.type);
  if (stepType === undefined) {
    const message = `there is no step type "${config.type}"`;
    return [{ path: ['type'], message, hint: suggestion(config.type, [...STEP_TYPES.keys()]) }];
  }
  const planned = stepType.plan(config);
  return planned.ok ? [] : planned.issues.flatMap((issue) => problemsOf(issue, stepType));
}

/** A step of a configuration that was checked. */
export function planStep(config: StepConfig): PlannedStep {
  const planned = STEP_TYPES.get(config.type)?.plan(config);
  if (planned?.ok) return planned.step;
  throw new BugError(`an unchecked ${config.type} step reached the planning`);
}

function problemsOf(issue: z.core.$ZodIssue, stepType: StepType): StepProblem[] {
  const path = issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key));
  if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }];
  const known = Object.keys(
    stepType.schema.toJSONSchema({ io: 'input', unrepresentable: 'any' }).properties ?? {},
  );
  return issue.keys.map((key) => ({
    path: [...path, key],
    message: 'unknown key',
    // Only the step itself has keys of a fixed set.
    ...(path.length === 0 ? { hint: suggestion(key, known) } : {}),
  }));
}

function suggestion(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  return near === undefined ? `known: ${known.join(', ')}` : `did you mean "${near}"?`;
}
