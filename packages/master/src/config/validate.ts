/**
 * From raw data to a `MasterConfig`: the shared schema, the options of each step type, and what a schema cannot say
 * (names that must exist or be unique). Every problem is reported at once, each with its place and a way out.
 */
import {
  checkData,
  type Fault,
  type FilePlace,
  type FileProblem,
  type MasterConfig,
  masterConfigSchema,
  problemIn,
  type StepConfig,
} from '@buildbot/shared';
import { draftOf } from './draft.ts';
import { referenceFaults } from './references.ts';

/** Checks the options of one step; supplied by the step registry. Paths are below the step. */
export type StepCheck = (step: StepConfig) => Fault[];

/** The configuration with defaults, or everything that is wrong with it. */
export function validate(
  data: unknown,
  place: FilePlace,
  checkStep: StepCheck,
): { config: MasterConfig } | { problems: FileProblem[] } {
  const shape = checkData(masterConfigSchema, data);
  const draft = draftOf(data);
  const faults = [
    ...(shape.ok ? [] : shape.faults),
    ...referenceFaults(draft),
    ...draft.steps.flatMap(({ path, step }) => checkStep(step).map((fault) => below(path, fault))),
  ];
  if (shape.ok && faults.length === 0) return { config: shape.value };
  return { problems: faults.map((fault) => problemIn(place, fault)) };
}

function below(path: Fault['path'], fault: Fault): Fault {
  return { ...fault, path: [...path, ...fault.path] };
}
