/**
 * The one kind of control sequence that may reach a terminal: `ESC [ … m`, colour and weight (SGR, ECMA-48 8.3.117).
 * Only attributes that leave a text readable are let through; conceal (8) and other fonts are not.
 */

/** Ends every colour and attribute. */
export const SGR_RESET = '\x1b[0m';

/** The longest parameter text let through; two 24-bit colours and a weight need 35. */
export const MAX_SGR_PARAMETERS = 64;

/** Sequences kept to repeat a colour after its line was overwritten; the oldest go first. */
const MAX_OPEN = 16;

/** True if each parameter sets a colour, a weight or a line, or takes one back. `''` means `0`. */
export function isColour(parameters: string): boolean {
  if (parameters.length > MAX_SGR_PARAMETERS) return false;
  const values = parameters.split(';').map(Number);
  for (let at = 0; at < values.length; at++) {
    const value = values[at] ?? 0;
    if (value === 38 || value === 48 || value === 58) {
      const length = extendedColourLength(values, at + 1);
      if (length === 0) return false;
      at += length;
    } else if (!isSimple(value)) {
      return false;
    }
  }
  return true;
}

function isSimple(value: number): boolean {
  return (
    value <= 7 ||
    value === 9 ||
    (value >= 21 && value <= 49 && value !== 26) ||
    value === 53 ||
    value === 55 ||
    value === 59 ||
    (value >= 90 && value <= 97) ||
    (value >= 100 && value <= 107)
  );
}

/** How many parameters `5;N` or `2;R;G;B` take from `at` on; 0 if it is neither. */
function extendedColourLength(values: readonly number[], at: number): number {
  const length = values[at] === 5 ? 2 : values[at] === 2 ? 4 : 0;
  const parts = values.slice(at + 1, at + length);
  return parts.length === length - 1 && parts.every((part) => part <= 255) ? length : 0;
}

/** Which colours are in force, as the sequences that set them since the last reset. Bounded. */
export class OpenColours {
  #sequences: string[] = [];

  /** True if a reset is needed before other text may follow. */
  get isOpen(): boolean {
    return this.#sequences.length > 0;
  }

  /** The sequences that bring a terminal from plain to the present colours. */
  toString(): string {
    return this.#sequences.join('');
  }

  /** Takes note of `ESC [ parameters m`. */
  apply(parameters: string): void {
    if (/^0*(;|$)/.test(parameters)) this.#sequences = [];
    if (/^[0;]*$/.test(parameters)) return;
    this.#sequences.push(`\x1b[${parameters}m`);
    if (this.#sequences.length > MAX_OPEN) this.#sequences.shift();
  }
}
