/** What the attempts of one request that the infrastructure failed have in common: where whoever looks at it may begin. */

/** One such attempt. */
export interface Loss {
  /** Name of the worker that it ran on. */
  worker: string;
  /** The step that it had come to, `null` when it had not begun any. */
  step: string | null;
}

/** In words, `null` when there is nothing to say: `each time in step 'test', on w1 and w2`. */
export function commonLoss(losses: readonly Loss[]): string | null {
  if (losses.length < 2) return null;
  const workers = [...new Set(losses.map(({ worker }) => worker))].sort();
  const [first] = losses;
  const step = first?.step ?? null;
  const isSameStep = step !== null && losses.every((loss) => loss.step === step);
  if (isSameStep) return `each time in step '${step}', on ${listed(workers)}`;
  return workers.length === 1 ? `each time on ${listed(workers)}` : null;
}

function listed(names: readonly string[]): string {
  const last = names.at(-1) ?? '';
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} and ${last}`;
}
