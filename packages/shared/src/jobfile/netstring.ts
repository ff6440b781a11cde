/**
 * Netstrings, `<decimal length>:<bytes>,`, the envelope of Buildbot's try job files (spec/try-jobfile.md section 1). The
 * parser is strict: a length has no sign, space, leading zero or other notation, and nothing may follow the last comma.
 */

/** What a sequence of netstrings holds (views into the input, not copies), or where and why it is none. */
export type ParsedNetstrings = { ok: true; values: Uint8Array[] } | { ok: false; reason: string };

/** Longest length prefix: nothing that fits into memory needs more. */
const MAX_DIGITS = 10;

const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const COMMA = 0x2c;

/** Takes the whole input apart, into `maxCount` netstrings at most. */
export function parseNetstrings(bytes: Uint8Array, options: { maxCount: number }): ParsedNetstrings {
  const values: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (values.length === options.maxCount) return failure(`more than ${options.maxCount} netstrings`);
    const length = readLength(bytes, at);
    if (typeof length === 'string') return failure(`${length} at byte ${at}`);
    const start = at + length.digits + 1;
    const end = start + length.value;
    if (end >= bytes.length) {
      return failure(`the netstring at byte ${at} says ${length.value} bytes, but the file ends before`);
    }
    if (bytes[end] !== COMMA)
      return failure(`no comma at byte ${end}, where the netstring from byte ${at} ends`);
    values.push(bytes.subarray(start, end));
    at = end + 1;
  }
  return { ok: true, values };
}

function readLength(bytes: Uint8Array, at: number): { value: number; digits: number } | string {
  let value = 0;
  let digits = 0;
  for (; digits <= MAX_DIGITS; digits++) {
    const byte = bytes[at + digits];
    if (byte === undefined) return 'the file ends inside the length of the netstring';
    if (byte === COLON) break;
    if (byte < ZERO || byte > NINE) return 'no netstring';
    value = value * 10 + byte - ZERO;
  }
  if (digits === 0) return 'a netstring without a length';
  if (digits > MAX_DIGITS) return 'a netstring length of more than ten digits';
  if (digits > 1 && bytes[at] === ZERO) return 'a netstring length with a leading zero';
  return { value, digits };
}

/** The values, one netstring each, in one buffer. */
export function encodeNetstrings(values: readonly Uint8Array[]): Uint8Array {
  const heads = values.map((value) => new TextEncoder().encode(`${value.length}:`));
  const size = values.reduce((sum, value, index) => sum + value.length + (heads[index]?.length ?? 0) + 1, 0);
  const out = new Uint8Array(size);
  let at = 0;
  for (const [index, value] of values.entries()) {
    const head = heads[index] ?? new Uint8Array();
    out.set(head, at);
    out.set(value, at + head.length);
    at += head.length + value.length + 1;
    out[at - 1] = COMMA;
  }
  return out;
}

function failure(reason: string): ParsedNetstrings {
  return { ok: false, reason };
}
