/** How people end a running worker: one signal asks it to leave when no build is there, a second one means now. */

export interface EndSignals {
  /** Resolves with the name of the first signal. */
  leave: Promise<string>;
  /** Resolves with the name of the second one, or of a SIGQUIT, which is never patient. */
  now: Promise<string>;
}

export function endSignals(): EndSignals {
  const leave = Promise.withResolvers<string>();
  const now = Promise.withResolvers<string>();
  let asked = false;
  const onSignal = (signal: string): void => {
    if (asked || signal === 'SIGQUIT') now.resolve(signal);
    asked = true;
    leave.resolve(signal);
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const) {
    process.on(signal, () => onSignal(signal));
  }
  return { leave: leave.promise, now: now.promise };
}
