/** What is said of commands whose worker process is gone: the one wording of it, kept as their outcome. */

export const PROCESS_GONE = 'its worker died or was restarted';

/** The same for the build, which names the worker and what ran there; any other reason names the worker once. */
export function buildLossText(worker: string, reason: string, step: string): string {
  if (reason === PROCESS_GONE) return `worker ${worker} died or was restarted while '${step}' ran`;
  return reason.startsWith(`worker ${worker} `) ? reason : `worker ${worker}: ${reason}`;
}
