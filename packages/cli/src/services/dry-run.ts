/** `try --dryrun`: everything that would be sent, as lines or as one object. Nothing leaves the machine. */
import { DRY_RUN_SCHEMA, type DryRunOutput, encodeTryJob, sanitizeName, type TryJob } from '@buildbot/shared';
import type { TrySource } from '../vcs/port.ts';
import { formatBytes } from '../view/renderers/plain.ts';
import { fileLines, leftOutLines } from './try-job.ts';

export function dryRunOf(source: TrySource, job: TryJob): DryRunOutput {
  return {
    schema: DRY_RUN_SCHEMA,
    repository: job.repository,
    branch: job.branch,
    baseRevision: job.baserev,
    tree: job.tree,
    builders: job.builderNames,
    properties: job.properties,
    files: fileLines(source),
    leftOut: leftOutLines(source),
    patchBytes: source.stats.patchBytes,
    jobBytes: encodeTryJob(job).length,
  };
}

export function dryRunLines(run: DryRunOutput): string[] {
  const name = (text: string | null, none: string) =>
    text === null || text === '' ? none : sanitizeName(text);
  const properties = Object.entries(run.properties).map(([key, value]) =>
    sanitizeName(`${key}=${String(value)}`),
  );
  return [
    'Job:',
    `  repository: ${name(run.repository, 'none')}`,
    `  branch:     ${name(run.branch, 'the default one')}`,
    `  base:       ${name(run.baseRevision, 'newest of the branch')}`,
    `  builders:   ${run.builders.length === 0 ? 'all that the server allows' : run.builders.map((one) => sanitizeName(one)).join(', ')}`,
    ...(properties.length === 0 ? [] : [`  properties: ${properties.join(', ')}`]),
    `  patch:      ${formatBytes(run.patchBytes)} (job ${formatBytes(run.jobBytes)})`,
    `  files:      ${run.files.length === 0 ? 'none changed' : run.files.length}`,
    ...run.files.map((line) => `    ${line}`),
    ...run.leftOut.map((line) => `  not sent:   ${line}`),
    'nothing was sent',
  ];
}
