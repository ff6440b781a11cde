/**
 * What every step type has in common: name, description and the rules by which its result counts. A step type is one
 * file in this folder with a call of `defineStep` and one line in `registry.ts`.
 */
import { checkData, type Fault, nameSchema } from '@buildbot/shared';
import * as z from 'zod';
import type { StepRules } from '../../core/flow.ts';
import type { PlannedStep, StepContext, StepOutcome } from '../../ports/recipe.ts';

type Flags = Omit<StepRules, 'name' | 'label'>;

const DEFAULT_FLAGS: Flags = {
  haltOnFailure: false,
  flunkOnFailure: true,
  flunkOnWarnings: false,
  warnOnFailure: false,
  warnOnWarnings: true,
  alwaysRun: false,
};

/** A step type, its own options hidden behind a check. */
export interface StepType {
  readonly type: string;
  /** All options, the common ones included, as JSON Schema and editors see them. */
  readonly schema: z.ZodType;
  /** Options as written in the configuration to a step that can run, or what is wrong with them. */
  plan(config: unknown): { ok: true; step: PlannedStep } | { ok: false; faults: Fault[] };
}

interface Definition<Shape extends z.core.$ZodLooseShape> {
  /** The word in the configuration; also the default name of such a step. */
  type: string;
  /** Options beyond the common ones. */
  options: Shape;
  /** Where this type's flags differ from the usual ones. */
  flags?: Partial<Flags>;
  /** What people call this step when it has no `description`: `make test`. */
  label(options: z.output<z.ZodObject<Shape, z.core.$strict>>): string;
  run(
    context: StepContext,
    options: z.output<z.ZodObject<Shape, z.core.$strict>>,
    label: string,
  ): Promise<StepOutcome>;
}

function commonOptions(type: string, flags: Flags) {
  const flag = (name: keyof Flags, description: string) =>
    z.boolean().default(flags[name]).meta({ description });
  return {
    type: z.literal(type),
    name: nameSchema
      .optional()
      .meta({ description: 'How logs and paths call it; made unique within the build. Default: the type.' }),
    description: z.string().min(1).max(100).optional().meta({ description: 'What people call this step.' }),
    haltOnFailure: flag('haltOnFailure', 'A failure ends the build.'),
    flunkOnFailure: flag('flunkOnFailure', 'A failure is a failure of the build.'),
    flunkOnWarnings: flag('flunkOnWarnings', 'Warnings are a failure of the build.'),
    warnOnFailure: flag('warnOnFailure', 'A failure that is none of the build is a warning of it.'),
    warnOnWarnings: flag('warnOnWarnings', 'Warnings are warnings of the build.'),
    alwaysRun: flag('alwaysRun', 'Runs even when the build was stopped or has failed.'),
  };
}

export function defineStep<Shape extends z.core.$ZodLooseShape>(definition: Definition<Shape>): StepType {
  const { type } = definition;
  const common = z.object(commonOptions(type, { ...DEFAULT_FLAGS, ...definition.flags }));
  const own = z.strictObject(definition.options);
  const schema = z.strictObject({ ...common.shape, ...definition.options });
  return {
    type,
    schema,
    plan(config) {
      const checked = checkData(schema, config);
      if (!checked.ok) return checked;
      const { name, description, type: _type, ...flags } = common.parse(config);
      const options = own.parse(without(config, Object.keys(common.shape)));
      const label = description ?? definition.label(options);
      const rules: StepRules = { name: name ?? type, label, ...flags };
      const run = (context: StepContext) => definition.run(context, options, label);
      return { ok: true, step: { rules, written: config, run } };
    },
  };
}

function without(config: unknown, keys: readonly string[]): Record<string, unknown> {
  const entries = Object.entries(config as object);
  return Object.fromEntries(entries.filter(([key]) => !keys.includes(key)));
}
