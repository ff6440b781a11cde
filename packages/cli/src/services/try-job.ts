/** From a source and settings to the job that travels, and to what a person is told about it. */
import { sanitizeName, type TryJob } from '@buildbot/shared';
import type { Settings } from '../config/settings.ts';
import type { TrySource } from '../vcs/port.ts';
import type { LocalFact } from '../view/messages.ts';

/** Taking the same id in twice is harmless, so one try has one id however often it is sent. */
export function newJobId(now: number, random: () => number): string {
  return `${(now / 1000).toFixed(3)}-${Math.floor(random() * 1e15).toString(36)}`;
}

export function tryJobOf(source: TrySource, settings: Settings, jobId: string, version: string): TryJob {
  return {
    jobId,
    branch: source.branch,
    baserev: source.baseRevision,
    patchLevel: source.patchLevel,
    patch: source.patch,
    repository: source.repository ?? '',
    project: '',
    who: settings.who ?? '',
    comment: settings.comment ?? '',
    builderNames: [...new Set(settings.builders)],
    properties: { ...settings.properties },
    tree: source.tree,
    priority: settings.priority ?? null,
    client: `buildbot/${version}`,
  };
}

/** `+ new.txt`, `→ old.txt → new.txt`. Paths come quoted where they need it; here they lose what a terminal must not see. */
export function fileLines(source: TrySource): string[] {
  return source.files.map(({ change, from, path, binary }) => {
    const name = from === undefined ? path : `${from} → ${path}`;
    return sanitizeName(`${change} ${name}${binary ? ' (binary)' : ''}`, { maxLength: 500 });
  });
}

/** Ignored files are meant to stay; everything else that does not travel is worth a word. */
export function leftOutLines(source: TrySource): string[] {
  return source.leftOut
    .filter(({ why, count }) => why !== 'ignored' && count > 0)
    .map(({ why, count, paths }) =>
      sanitizeName(`${count} ${why.replace('-', ' ')} (${paths.slice(0, 3).join(', ')})`, { maxLength: 500 }),
    );
}

export function snapshotFact(source: TrySource, durationMs: number, at: number): LocalFact {
  return {
    type: 'snapshot',
    at,
    files: fileLines(source),
    leftOut: leftOutLines(source),
    base: source.baseRevision === null ? null : sanitizeName(source.baseRevision, { maxLength: 64 }),
    branch: source.branch === null ? null : sanitizeName(source.branch, { maxLength: 100 }),
    bytes: source.stats.patchBytes,
    durationMs: Math.round(durationMs),
  };
}
