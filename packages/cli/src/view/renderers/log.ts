/** A piece of a followed log as lines for people and as an object for scripts. */
import { LogSanitizer, TRY_EVENT_SCHEMA, type TryEvent } from '@buildbot/shared';
import type { LogPiece } from '../log-piece.ts';

/** Fit for a terminal, without line ends; led by the builder's name where several tell at once. */
export function logLines({ build, bytes }: LogPiece, { isAlone }: { isAlone: boolean }): string[] {
  const sanitizer = new LogSanitizer({ colour: false });
  const text = sanitizer.push(bytes) + sanitizer.end();
  const lines = text.endsWith('\n') ? text.slice(0, -1).split('\n') : text.split('\n');
  const lead = isAlone ? '│' : `${build.builder} │`;
  return lines.map((line) => (line === '' ? lead : `${lead} ${line}`));
}

/** One line without its end. The bytes are `text` if that is what they are, else `base64`: joined, they are the log. */
export function logEventLine({ build, step, log, logId, offset, bytes }: LogPiece, at: number): string {
  const place = { build, step, log, logId, offset, length: bytes.length };
  const told: TryEvent = { schema: TRY_EVENT_SCHEMA, event: 'log', at, ...place, ...contentOf(bytes) };
  return JSON.stringify(told);
}

function contentOf(bytes: Uint8Array): { text: string } | { base64: string } {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { base64: Buffer.from(bytes).toString('base64') };
  }
}
