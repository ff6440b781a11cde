/** The farm for those who hear it: every state in words, no marks, no columns, nothing that is ever taken back. */
import { type Farm, type FarmRow, formatDuration, type RunningBuild } from '@buildbot/shared';
import type { FarmNews } from '../farm-news.ts';
import { timeLeftText } from '../time-left.ts';
import { verdictText } from '../verdict.ts';
import { farmNewsLines } from './farm.ts';

/** How things stand, a sentence a line. */
export function spokenFarm(farm: Farm): string[] {
  const { title, running, waiting, workers, draining } = farm;
  return [
    `${title === '' ? 'Builders' : title}: ${running} running, ${waiting} waiting.`,
    ...(draining ? ['The master is stopping.'] : []),
    ...farm.hostsDown.map(({ worker, reason }) => `Worker ${worker}: host down: ${reason}.`),
    ...farm.shelved.map(
      ({ builder, requestId, reason }) => `Builder ${builder}: request ${requestId} shelved: ${reason}.`,
    ),
    ...farm.rows.flatMap(spokenRow),
    ...farm.lessAvailable.map(({ worker, text }) => `Worker ${worker}: ${text}.`),
    `${workers.connected} of ${workers.total} workers connected.`,
  ];
}

function spokenRow(row: FarmRow): string[] {
  const lines = row.running.map((build) => `Builder ${row.builder}: ${spokenBuild(build)}.`);
  if (row.waiting > 0) {
    const reason = row.waitingReason === null ? '' : `: ${row.waitingReason}`;
    lines.push(`Builder ${row.builder}: ${row.waiting} waiting${reason}.`);
  }
  if (lines.length > 0) return lines;
  if (row.last === null) return [`Builder ${row.builder}: no builds yet.`];
  const { number, results, finishedMs } = row.last;
  return [
    `Builder ${row.builder}: build ${number} ${verdictText(results)}, ${formatDuration(finishedMs)} ago.`,
  ];
}

function spokenBuild({ number, step, elapsedMs, trouble, left, samples, worker }: RunningBuild): string {
  const at = step === null ? 'between steps' : `in step ${step}`;
  return `build ${number} running for ${formatDuration(elapsedMs)}, ${at}, on ${worker}, ${trouble ?? timeLeftText(left, samples)}`;
}

/** News without the marks that stand before it. */
export function spokenNews(news: FarmNews): string[] {
  return farmNewsLines(news).map((line) => line.replace(/^(\s*)[^\p{L}\p{N}\s$'"(/]+ /u, '$1'));
}
