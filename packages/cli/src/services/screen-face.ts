/**
 * The live screen as a face. Ink takes 100 ms to load, so the first frame is one plain line that is on the terminal at
 * once and gives way to Ink's own first frame.
 */
import { factsOf } from '../view/facts.ts';
import { tryView } from '../view/try-view.ts';
import type { Face } from './face.ts';
import type { Runtime } from './runtime.ts';
import type { ViewStore } from './view-store.ts';

/** Paints the first frame; gives the function that takes it away. */
export function paintFirstFrame(stdout: NodeJS.WriteStream, text: string): () => void {
  const width = Math.max(1, (stdout.columns ?? 80) - 1);
  stdout.write(text.slice(0, width));
  return () => void stdout.write('\r\u001b[K');
}

export interface ScreenFaceOptions {
  store: ViewStore;
  runtime: Runtime;
  /** What a key asks for. */
  onAction: (action: 'detach' | 'stop' | 'interrupt') => void;
  /** Takes the first frame away. */
  clear: () => void;
}

export async function screenFace({ store, runtime, onAction, clear }: ScreenFaceOptions): Promise<Face> {
  const { startTryApp } = await import('../ui/try-app.tsx');
  const { clock, stdout, stdin, terminal } = runtime;
  const { allowsColour } = runtime.environment;
  const look = () => ({ view: tryView(store.state, clock.now()), facts: factsOf(store.state) });
  await terminal.draw(null);
  clear();
  const app = startTryApp({ stdout, stdin, allowsColour, now: () => clock.now(), onAction }, look);
  await terminal.draw(app);
  return { update: () => {}, end: () => app.end(look()) };
}
