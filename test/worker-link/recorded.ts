/** Recorded conversations of the worker protocol (`test/fixtures/protocol-N`), and how to tell like from like in them. */
import { readFileSync } from 'node:fs';
import { zstdDecompressSync } from 'node:zlib';
import { decodeFrame, encodeFrame } from '@buildbot/shared';

/** A message in either form: `text`, or the `header` of a binary frame with its payload in base64. */
export interface Message {
  text?: Said;
  header?: Said;
  payload?: string;
}

export type Said = { type: string } & Record<string, unknown>;

/** A message with the connection it went over, or the moment when that was cut. */
export interface Line extends Message {
  connection: number;
  from?: 'worker' | 'master';
  cut?: true;
}

export function readConversation(version: number, name: string): Line[] {
  const file = new URL(`../fixtures/protocol-${version}/${name}.ndjson`, import.meta.url);
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** What a message says, whichever form it has. */
export function said({ text, header }: Message): Said {
  return (text ?? header) as Said;
}

/** As it goes over the wire. */
export function wire({ text, header, payload }: Message): string | Uint8Array {
  if (text !== undefined) return JSON.stringify(text);
  return encodeFrame(header ?? {}, Buffer.from(payload ?? '', 'base64'));
}

export function fromWire(data: Buffer, isBinary: boolean): Message {
  if (!isBinary) return { text: JSON.parse(data.toString()) };
  const frame = decodeFrame(data);
  if (!frame.ok) throw new Error(frame.reason);
  return { header: frame.header as Said, payload: Buffer.from(frame.payload).toString('base64') };
}

/** What the log frames among these messages hold: command and log name to text. */
export function logTexts(messages: readonly Message[]): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const { header, payload } of messages) {
    if (header?.type !== 'log') continue;
    const id = `${header.key} ${header.log}`;
    texts[id] = (texts[id] ?? '') + zstdDecompressSync(Buffer.from(payload ?? '', 'base64')).toString();
  }
  return texts;
}

/** How a value looks: keys and kinds, not what stands there. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shape);
  if (typeof value !== 'object' || value === null) return value === null ? null : typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shape(inner)]));
}

function isCovered(old: unknown, now: unknown): boolean {
  if (Array.isArray(old)) return Array.isArray(now) && old.every((inner, at) => isCovered(inner, now[at]));
  if (typeof old !== 'object' || old === null) return old === now || old === null;
  if (typeof now !== 'object' || now === null) return false;
  return Object.entries(old).every(([key, inner]) => isCovered(inner, (now as Record<string, unknown>)[key]));
}

/** Whether a side that knew only the recorded message finds in today's all that it looked for. New keys may be there. */
export function canBeReadAs(old: Said, now: Said): boolean {
  return isCovered(shape(old), shape(now));
}
