/**
 * bcrypt (Provos and Mazières 1999), for password files that `htpasswd -B` writes: Node has none. In slices, so that a
 * check of a quarter of a second holds nobody else up. Its tables are the fraction of pi, and computed from it.
 */
import { setImmediate as pause } from 'node:timers/promises';

const ROUNDS = 16;
/** Rounds of the key schedule between pauses: a few milliseconds. */
const SLICE = 32;
const ALPHABET = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const MAGIC = Buffer.from('OrpheanBeholderScryDoubt');

/** 18 subkeys and four boxes of 256 words, one after the other. */
type State = Int32Array;
const BOXES = ROUNDS + 2;
const WORDS = BOXES + 4 * 256;

/** arctan(1/x) scaled by `one`. */
function inverseTangent(x: bigint, one: bigint): bigint {
  let term = one / x;
  let sum = term;
  for (let divisor = 3n, sign = -1n; term > 0n; divisor += 2n, sign = -sign) {
    term /= x * x;
    sum += (sign * term) / divisor;
  }
  return sum;
}

/** The first words behind the point of pi, by Machin's formula, with 64 bits to spare for its rounding. */
function fractionOfPi(words: number): Int32Array {
  const one = 1n << BigInt(words * 32 + 64);
  const pi = 4n * (4n * inverseTangent(5n, one) - inverseTangent(239n, one));
  const hex = (pi - 3n * one).toString(16).padStart(words * 8 + 16, '0');
  return Int32Array.from({ length: words }, (_, i) => Number.parseInt(hex.slice(i * 8, i * 8 + 8), 16) | 0);
}

let initial: State | null = null;

function newState(): State {
  initial ??= fractionOfPi(WORDS);
  return Int32Array.from(initial);
}

/** Encrypts the two words at `at` of `block` in place. */
function encipher(state: State, block: Int32Array, at: number): void {
  let left = (block[at] as number) ^ (state[0] as number);
  let right = block[at + 1] as number;
  for (let i = 1; i <= ROUNDS; i += 2) {
    right ^= mixed(state, left) ^ (state[i] as number);
    left ^= mixed(state, right) ^ (state[i + 1] as number);
  }
  block[at] = right ^ (state[ROUNDS + 1] as number);
  block[at + 1] = left;
}

function mixed(state: State, half: number): number {
  const first =
    (state[BOXES + (half >>> 24)] as number) + (state[BOXES + 256 + ((half >>> 16) & 255)] as number);
  const second = (first | 0) ^ (state[BOXES + 512 + ((half >>> 8) & 255)] as number);
  return (second + (state[BOXES + 768 + (half & 255)] as number)) | 0;
}

/** Big-endian words of the bytes, begun anew as often as they are too few. */
function cyclicWords(bytes: Uint8Array, count: number): Int32Array {
  let at = 0;
  const next = () => bytes[at++ % bytes.length] as number;
  return Int32Array.from({ length: count }, () => (next() << 24) | (next() << 16) | (next() << 8) | next());
}

/** `key` has a word for each subkey; `salt` four words. */
function expandKey(state: State, key: Int32Array, salt: Int32Array): void {
  for (let i = 0; i < BOXES; i++) state[i] = (state[i] as number) ^ (key[i] as number);
  const block = new Int32Array(2);
  for (let i = 0; i < WORDS; i += 2) {
    block[0] = (block[0] as number) ^ (salt[i & 3] as number);
    block[1] = (block[1] as number) ^ (salt[(i & 3) + 1] as number);
    encipher(state, block, 0);
    state[i] = block[0] as number;
    state[i + 1] = block[1] as number;
  }
}

function decode(text: string, bytes: number): Uint8Array {
  const bits = [...text].map((char) => ALPHABET.indexOf(char).toString(2).padStart(6, '0')).join('');
  return Uint8Array.from({ length: bytes }, (_, i) => Number.parseInt(bits.slice(i * 8, i * 8 + 8), 2));
}

function encode(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const groups = bits.match(/.{1,6}/g) ?? [];
  return groups.map((group) => ALPHABET[Number.parseInt(group.padEnd(6, '0'), 2)]).join('');
}

/** Of a hash `$2b$12$…`: the cost and the 22 characters of salt; `null` for anything else. */
export function bcryptSettings(hash: string): { cost: number; salt: string } | null {
  const match = /^\$2[aby]\$(\d\d)\$([./A-Za-z0-9]{22})[./A-Za-z0-9]{31}$/.exec(hash);
  return match === null ? null : { cost: Number(match[1]), salt: match[2] as string };
}

/** The 31 characters that follow the salt. Of a password only the first 72 bytes count, as everywhere. */
export async function bcrypt(
  password: string,
  { cost, salt }: { cost: number; salt: string },
): Promise<string> {
  const key = cyclicWords(Buffer.from(`${password}\0`).subarray(0, 72), BOXES);
  const saltBytes = decode(salt, 16);
  const saltKey = cyclicWords(saltBytes, BOXES);
  const none = new Int32Array(4);
  const state = newState();
  expandKey(state, key, cyclicWords(saltBytes, 4));
  for (let round = 0; round < 2 ** cost; round++) {
    if (round % SLICE === 0) await pause();
    expandKey(state, key, none);
    expandKey(state, saltKey, none);
  }
  const block = cyclicWords(MAGIC, 6);
  for (let i = 0; i < 64; i++) for (const at of [0, 2, 4]) encipher(state, block, at);
  const bytes = Buffer.alloc(24);
  for (const [i, word] of block.entries()) bytes.writeInt32BE(word, i * 4);
  return encode(bytes.subarray(0, 23));
}
