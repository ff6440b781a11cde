/** What a key does in the live block: pure, so that the screen only draws and the service only acts. */
import type { TryKeys } from './try-layout.ts';

export const NO_KEYS: TryKeys = { showsLog: false, showsKeys: false, asksToStop: false };

/** What the key asks of the service. */
export type KeyAction = 'detach' | 'stop' | 'interrupt' | null;

/** `input` is the character, or a name for keys without one. */
export function pressKey(keys: TryKeys, input: string): { keys: TryKeys; action: KeyAction } {
  if (input === 'ctrl-c') return { keys, action: 'interrupt' };
  if (keys.asksToStop) {
    return { keys: { ...keys, asksToStop: false }, action: input === 'y' ? 'stop' : null };
  }
  switch (input) {
    case 'return':
      return { keys: { ...keys, showsLog: !keys.showsLog }, action: null };
    case '?':
      return { keys: { ...keys, showsKeys: !keys.showsKeys }, action: null };
    case 'x':
      return { keys: { ...keys, asksToStop: true }, action: null };
    case 'd':
      return { keys, action: 'detach' };
    default:
      return { keys, action: null };
  }
}
