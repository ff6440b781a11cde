/**
 * Run a program, or a line of shell, in the build's tree. Its output is the log `stdio`, byte for byte and with nothing
 * added. Deterministic given the command's outcome, as `StepContext` asks.
 */
import {
  FAILURE,
  type Properties,
  RESULT_NAMES,
  type ResultName,
  type Results,
  SUCCESS,
  UserError,
  WARNINGS,
  workPathSchema,
} from '@buildbot/shared';
import * as z from 'zod';
import { interpolate, textOf } from '../../core/properties.ts';
import type { CommandResult, StepContext, StepOutcome } from '../../ports/recipe.ts';
import { defineStep } from './define.ts';
import {
  commandLimits,
  environmentSchema,
  failureText,
  type Limits,
  limitOptions,
  timedOut,
} from './limits.ts';
import { reportOf, testsOption } from './tests.ts';

/** Results that an exit code may stand for. */
const codeResults = RESULT_NAMES.filter((name) => name !== 'retry' && name !== 'cancelled');

const options = {
  command: z
    .union([z.array(z.string()).min(1), z.string().min(1)])
    .meta({ description: 'A list of program and arguments, or one line for the shell.' }),
  workdir: workPathSchema.default('build').meta({ description: "Working folder below the build's own." }),
  env: environmentSchema,
  ...limitOptions,
  logfiles: z
    .record(z.string().min(1).max(128), workPathSchema)
    .default({})
    .meta({ description: 'Files to follow while the command runs: log name to path below workdir.' }),
  tests: testsOption,
  decodeRC: z
    .record(z.string().regex(/^\d{1,10}$/, 'not an exit code'), z.enum(codeResults))
    .default({})
    .meta({
      description: 'What exit codes mean, for example {2: warnings}. 0 is success, all others failure.',
    }),
};

export const shellStep = defineStep({
  type: 'shell',
  options,
  label: ({ command }) => commandLabel(command),
  async run(context, step, label) {
    const workdir = context.interpolate(step.workdir);
    const result = await context.run({
      kind: 'exec',
      command: fillIn(step.command, context.properties()),
      workdir,
      env: { ...context.env, ...fillInValues(step.env, context) },
      ...commandLimits(step),
      logfiles: Object.entries(step.logfiles).map(([log, path]) => ({ log, path: `${workdir}/${path}` })),
    });
    const outcome = judge({ result, label, limits: step, decodeRC: step.decodeRC });
    if (step.tests === undefined) return outcome;
    return { ...outcome, ...(await reportOf(context, { tests: step.tests, workdir }, result)) };
  },
});

/** What people call a command: its first words. */
export function commandLabel(command: string | readonly string[]): string {
  const words = typeof command === 'string' ? command.trim().split(/\s+/) : command;
  const shown = words.slice(0, 4).join(' ').replaceAll(/\s+/g, ' ');
  const cut = shown.length > 40 ? shown.slice(0, 39) : shown;
  return words.length > 4 || cut !== shown ? `${cut}…` : cut;
}

/** A list is filled in word by word; a line of shell takes only values that no shell reads as anything but text. */
export function fillIn(command: string | readonly string[], properties: Properties): string | string[] {
  if (typeof command !== 'string') return command.map((word) => interpolate(word, properties));
  for (const [, name = ''] of command.matchAll(/%\(prop:([^):]+)/g)) {
    const value = Object.hasOwn(properties, name) ? textOf(properties[name]?.[0] ?? null) : '';
    if (/^[\p{L}\p{N}_./:=@%+,~^ -]*$/u.test(value)) continue;
    throw new UserError(`the property '${name}' holds characters that a shell would take for its own`, {
      hint: 'give the command as a list, or hand the property over in env',
    });
  }
  return interpolate(command, properties);
}

function fillInValues(
  env: Record<string, string | null>,
  context: StepContext,
): Record<string, string | null> {
  const filled = Object.entries(env).map(([name, value]) => [
    name,
    value === null ? null : context.interpolate(value),
  ]);
  return Object.fromEntries(filled);
}

function judge(input: {
  result: CommandResult;
  label: string;
  limits: Limits;
  decodeRC: Record<string, ResultName>;
}): StepOutcome {
  const { result, label, limits } = input;
  const results = meaning(result, input.decodeRC);
  if (results === SUCCESS) return { results, stateString: `'${label}' passed` };
  const why = failureText(result, limits);
  if (timedOut(result)) return { results, stateString: `'${label}' timed out (${why})` };
  if (result.status === 'failed') return { results, stateString: `'${label}' could not run: ${why}` };
  const verb = results === FAILURE ? 'failed' : results === WARNINGS ? 'has warnings' : RESULT_NAMES[results];
  return { results, stateString: `'${label}' ${verb} (${why})` };
}

function meaning(result: CommandResult, decodeRC: Record<string, ResultName>): Results {
  if (result.status === 'failed' || result.cause !== null || result.code === null) return FAILURE;
  const name = Object.hasOwn(decodeRC, result.code) ? decodeRC[result.code] : undefined;
  if (name !== undefined) return RESULT_NAMES.indexOf(name) as Results;
  return result.code === 0 ? SUCCESS : FAILURE;
}
