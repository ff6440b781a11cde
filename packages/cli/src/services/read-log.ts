/** `buildbot log`: the bytes of one log from the first to the last, with `follow` as they come, over any number of breaks. */
import {
  type BuildResource,
  ExternalError,
  formatDuration,
  type LogResource,
  LogSanitizer,
  nearest,
  type StepResource,
  sanitizeName,
  UserError,
} from '@buildbot/shared';
import type { ApiClient } from '../client/api-client.ts';
import { failureLines } from '../view/renderers/failure.ts';
import type { BuildReference } from './build-reference.ts';
import { failedSteps } from './failure-digest.ts';
import { findBuild } from './find-build.ts';
import { type LinkDeps, stayLinked } from './stay-linked.ts';

export interface ReadLogInput {
  reference: BuildReference;
  step?: string | undefined;
  log?: string | undefined;
  follow: boolean;
  /** The bytes as they are, for files and other programs. */
  raw: boolean;
  allowsColour: boolean;
  /** Resolves when more may be written. */
  write: (chunk: Uint8Array | string) => Promise<void>;
  giveUpAfterMs: number;
  signal: AbortSignal;
}

export interface ReadLogResult {
  logId: number;
  step: string;
  log: string;
  bytes: number;
  /** Whose failure the step is, for people; empty unless it has failed, and where the master does not say. */
  failure: readonly string[];
}

export async function readLog(deps: LinkDeps, input: ReadLogInput): Promise<ReadLogResult> {
  let chosen: { step: StepResource; log: LogResource } | undefined;
  let offset = 0;
  let failure: readonly string[] = [];
  const sanitizer = input.raw ? undefined : new LogSanitizer({ colour: input.allowsColour });
  const end = await stayLinked(
    deps,
    async (client) => {
      chosen ??= await chooseLog(client, input);
      for await (const bytes of client.rawLog(chosen.log.logid, offset, input.follow, input.signal)) {
        offset += bytes.length;
        await input.write(sanitizer === undefined ? bytes : sanitizer.push(bytes));
      }
      if (!input.signal.aborted) failure = await failureOf(client, chosen.step, input.signal);
    },
    { giveUpAfterMs: input.giveUpAfterMs, signal: input.signal },
  );
  if (sanitizer !== undefined) await input.write(sanitizer.end());
  if (end === 'no-contact')
    throw new ExternalError(deps.link.name, `no contact for ${formatDuration(input.giveUpAfterMs)}`);
  if (chosen === undefined) throw new UserError('interrupted before the log was found');
  if (offset === 0 && failure.length === 0) failure = emptyLog(chosen.step);
  return { logId: chosen.log.logid, step: chosen.step.name, log: chosen.log.name, bytes: offset, failure };
}

/** A step that failed before it could say a word has its reason in its own text alone. */
function emptyLog({ name, results, state_string }: StepResource): string[] {
  if (results !== 2 && results !== 4) return [];
  return [`${sanitizeName(name)}: the log is empty: ${sanitizeName(state_string, { maxLength: 300 })}`];
}

/** It may have ended only with its log. */
async function failureOf(client: ApiClient, step: StepResource, signal: AbortSignal): Promise<string[]> {
  const failed = (await failedSteps(client, step.buildid, signal)).get(step.stepid);
  return failed === undefined ? [] : failureLines(sanitizeName(step.name), failed.failure);
}

async function chooseLog(
  client: ApiClient,
  input: ReadLogInput,
): Promise<{ step: StepResource; log: LogResource }> {
  const { build } = await findBuild(client, input.reference);
  const steps = await client.resources('steps', `builds/${build.buildid}/steps`);
  const step = await chooseStep(client, build, steps, input);
  const logs = await client.resources('logs', `steps/${step.stepid}/logs`);
  const log =
    logs.find(({ name, slug }) => name === input.log || slug === input.log) ?? defaultLog(logs, input.log);
  if (log === undefined)
    throw missing(
      `step '${sanitizeName(step.name)}' has no log`,
      input.log,
      logs.map(({ name }) => name),
    );
  return { step, log };
}

function defaultLog(logs: readonly LogResource[], asked: string | undefined): LogResource | undefined {
  return asked === undefined ? (logs.find(({ slug }) => slug === 'stdio') ?? logs[0]) : undefined;
}

/** Without a name: the step that failed, else the one that runs, else the last that has a log. */
async function chooseStep(
  client: ApiClient,
  build: BuildResource,
  steps: readonly StepResource[],
  { step: asked }: ReadLogInput,
): Promise<StepResource> {
  if (asked !== undefined) {
    const named = steps.find(({ name, number }) => name === asked || String(number) === asked);
    if (named === undefined)
      throw missing(
        `build ${build.buildid} has no step`,
        asked,
        steps.map(({ name }) => name),
      );
    return named;
  }
  const failed = steps.find(({ results }) => results === 2 || results === 4);
  const running = steps.find(({ complete, started_at }) => !complete && started_at !== null);
  if (failed ?? running) return (failed ?? running) as StepResource;
  for (const step of steps.toReversed()) {
    if ((await client.resources('logs', `steps/${step.stepid}/logs`)).length > 0) return step;
  }
  throw new UserError(`build ${build.buildid} has no logs yet`);
}

function missing(what: string, asked: string | undefined, known: readonly string[]): UserError {
  const close = asked === undefined ? undefined : nearest(asked, known);
  const names = known.map((name) => sanitizeName(name)).join(', ');
  const hint =
    close !== undefined
      ? `Did you mean '${sanitizeName(close)}'?`
      : known.length > 0
        ? `There is: ${names}.`
        : undefined;
  return new UserError(
    `${what}${asked === undefined ? '' : ` '${sanitizeName(asked)}'`}`,
    hint === undefined ? {} : { hint },
  );
}
