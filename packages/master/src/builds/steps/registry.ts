/** The step types there are. To add one: write its file, add it here. */
import { BugError, type Fault, type StepConfig, suggestion } from '@buildbot/shared';
import type * as z from 'zod';
import type { PlannedStep } from '../../ports/recipe.ts';
import type { StepType } from './define.ts';
import { gitStep } from './git.ts';
import { shellStep } from './shell.ts';

const STEP_TYPES: ReadonlyMap<string, StepType> = new Map(
  [gitStep, shellStep].map((stepType) => [stepType.type, stepType]),
);

/** The options of every step type by its name, for schemas that editors use. */
export function stepSchemas(): ReadonlyMap<string, z.ZodType> {
  return new Map([...STEP_TYPES].map(([type, { schema }]) => [type, schema]));
}

/** What is wrong with a step of the configuration; nothing when it can run. Paths are below the step. */
export function checkStep(config: StepConfig): Fault[] {
  const stepType = STEP_TYPES.get(config.type);
  if (stepType === undefined) {
    const message = `there is no step type "${config.type}"`;
    const hint = suggestion(config.type, [...STEP_TYPES.keys()]);
    return [{ path: ['type'], message, hint, isKey: false }];
  }
  const planned = stepType.plan(config);
  return planned.ok ? [] : planned.faults;
}

/** A step of a configuration that was checked. */
export function planStep(config: StepConfig): PlannedStep {
  const planned = STEP_TYPES.get(config.type)?.plan(config);
  if (planned?.ok) return planned.step;
  throw new BugError(`an unchecked ${config.type} step reached the planning`);
}
