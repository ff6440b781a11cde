/** The plain face: one line per fact, for pipes, CI logs and screen readers. No cursor movement, states in words. */
import { CANCELLED, FAILURE, formatDuration, RETRY } from '@buildbot/shared';
import type { BuildFact, BuildOfFact, Fact, RequestFact, ShelvedFact } from '../facts.ts';
import type { LocalFact } from '../messages.ts';
import { timeLeftText } from '../time-left.ts';
import { resultMark, verdictText } from '../verdict.ts';
import { failureLines } from './failure.ts';

/** The lines that tell a fact, without line ends. */
export function plainLines(fact: Fact): string[] {
  if (fact.type === 'request_cancelled')
    return [`${resultMark(fact.results)} ${fact.builder} ${cancelledText(fact)}, before it began`];
  if (fact.type === 'request_shelved') return shelvedLines(fact);
  if (fact.type === 'build_started') return [startLine(fact)];
  return 'build' in fact ? buildLines(fact) : localLines(fact);
}

function shelvedLines({ builder, reason, commands }: ShelvedFact): string[] {
  return [
    `‼ ${builder} is shelved, a person has to decide: ${reason}`,
    ...commands.map((command) => `    $ ${command}`),
  ];
}

function cancelledText({ stoppedBy, stopReason }: Pick<RequestFact, 'stoppedBy' | 'stopReason'>): string {
  return `cancelled${stoppedBy ? ` by ${stoppedBy}` : ''}${stopReason ? `: ${stopReason}` : ''}`;
}

function localLines(fact: LocalFact): string[] {
  switch (fact.type) {
    case 'snapshot':
      return snapshotLines(fact);
    case 'queued':
      return [
        `✔ try #${fact.buildSetId} queued on ${builderNames(fact.builders)}${fact.user === null ? '' : ` as ${fact.user}`}`,
      ];
    case 'kept':
      return [`✔ try delivered: ${fact.reason}`];
    case 'link_lost':
      return [`… connection lost (${fact.reason}), trying again in ${formatDuration(fact.retryInMs)}`];
    case 'no_contact':
      return [`… no contact for ${formatDuration(fact.durationMs)} (${fact.reason}), trying again`];
    case 'link_restored':
      return ['… connected again'];
    case 'stopping':
      return [`■ stopping: ${fact.reason}`];
    case 'detached':
      return [
        `… detached, the builds go on. To watch them again: ${fact.attach}`,
        ...(fact.canStop ? ['  Ctrl-C again within a second stops them.'] : []),
      ];
    case 'note':
      return fact.text.split('\n');
    case 'finished':
      return fact.text === '' ? [] : [fact.mark === undefined ? fact.text : `${fact.mark} ${fact.text}`];
  }
}

/** A long list says nothing at a glance; the rows of the builders name them one by one. */
function builderNames(names: readonly string[]): string {
  return names.length > 6 ? `${names.length} builders` : names.join(', ');
}

function snapshotLines(fact: Extract<LocalFact, { type: 'snapshot' }>): string[] {
  const { length } = fact.files;
  const count = length === 0 ? 'without changes' : `${length} ${length === 1 ? 'file' : 'files'}`;
  const facts = `${formatBytes(fact.bytes)} · ${formatDuration(fact.durationMs)}`;
  return [
    `✔ snapshot ${count} on ${baseText(fact)} · ${facts}`,
    ...shorten(fact.files, 10),
    ...leftOut(fact.leftOut),
  ];
}

/** Without a revision the master builds on whatever is newest then. */
function baseText({ base, branch }: Extract<LocalFact, { type: 'snapshot' }>): string {
  if (base === null) return `the newest of ${branch ?? "the builder's branch"}`;
  return `${branch === null ? '' : `${branch} `}${base.slice(0, 12)}`;
}

function shorten(lines: readonly string[], most: number): string[] {
  const shown = lines.slice(0, most).map((line) => `  ${line}`);
  return lines.length > most ? [...shown, `  … and ${lines.length - most} more (--dryrun lists all)`] : shown;
}

function leftOut(names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const some = names.slice(0, 3).join(', ');
  return [`  not sent: ${some}${names.length > 3 ? ` and ${names.length - 3} more` : ''}`];
}

/** `linux/12`: how the other commands name a build, too. */
function buildName(build: BuildOfFact): string {
  return `${build.builder}/${build.number}`;
}

function startLine(fact: Extract<Fact, { type: 'build_started' }>): string {
  const again = fact.attempt > 1 ? `, attempt ${fact.attempt}` : '';
  const left = fact.left === undefined ? '' : ` · ${timeLeftText(fact.left, fact.samples ?? 0)}`;
  return `▶ ${buildName(fact.build)} started on ${fact.worker} (build ${fact.build.buildId}${again})${left}`;
}

function buildLines(fact: Exclude<BuildFact, { type: 'build_started' }>): string[] {
  const name = buildName(fact.build);
  switch (fact.type) {
    case 'worker_away':
      return [`… ${name}: no word from worker ${fact.worker}, the build waits for it`];
    case 'step_started':
      return [`▶ ${name} › ${fact.step}`];
    case 'step_finished': {
      const why = fact.results === 0 || fact.text === '' ? '' : `: ${fact.text}`;
      return [
        `${resultMark(fact.results)} ${name} › ${fact.step} ${verdictText(fact.results)} in ${formatDuration(fact.durationMs)}${why}`,
      ];
    }
    case 'step_failure':
      return failureLines(`${name} › ${fact.step}`, fact.failure);
    case 'log_excerpt':
      return [
        `  ${name} › ${fact.step} › from ${fact.log}:`,
        ...fact.lines.map((line) => `    │ ${line}`),
        ...excerptCommands(fact),
      ];
    case 'build_finished':
      return [`${resultMark(fact.results)} ${name} ${endOf(fact)}`];
  }
}

/** What to type after a failure: all that is left to say where the log itself was told. */
export function excerptCommands({ commands }: Extract<BuildFact, { type: 'log_excerpt' }>): string[] {
  return commands.map((command) => `    $ ${command}`);
}

/** A stopped build is told in the master's own words: `cancelled by alice: wrong branch`. */
function endOf(fact: Extract<BuildFact, { type: 'build_finished' }>): string {
  const { results, text, stoppedBy, infrastructure } = fact;
  const length = formatDuration(fact.durationMs);
  if (results === CANCELLED && stoppedBy !== null) return `${cancelledText(fact)} · ${length}`;
  // Of a build that failed, or has warnings, the lines of its steps have said why.
  const why = results <= FAILURE || text === '' ? '' : `: ${text}`;
  if (results === RETRY)
    return `${infrastructure ? 'lost' : 'ended without a verdict'} after ${length}${why}`;
  return `${verdictText(results, infrastructure)} in ${length}${why}`;
}

/** `18 KiB`, `3.4 MiB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const unit = bytes < 1024 * 1024 ? { size: 1024, name: 'KiB' } : { size: 1024 * 1024, name: 'MiB' };
  const amount = bytes / unit.size;
  return `${amount < 10 ? amount.toFixed(1) : Math.round(amount)} ${unit.name}`;
}
