/**
 * Who did what, from where, and what they were refused: a line in the log and an event for administrators. What is
 * refused again and again is written once a minute with its number, so that nobody fills the disk by asking.
 */
import type { AuditEntry, CredentialStore } from '../../ports/credentials.ts';
import type { Clock, Logger } from '../../ports/service.ts';

const REPEAT_MS = 60_000;
/** Refusals that are told apart; beyond it the oldest is forgotten, and may be written again. */
const MOST = 1000;
/** What comes from outside is cut here. */
const MAX_TEXT = 300;

export interface AuditDeps {
  store: Pick<CredentialStore, 'audit'>;
  clock: Clock;
  logger: Logger;
}

export type AuditFacts = Omit<AuditEntry, 'times'>;

export class Audit {
  readonly #deps: AuditDeps;
  readonly #refusals = new Map<string, { at: number; unwritten: number }>();

  constructor(deps: AuditDeps) {
    this.#deps = deps;
  }

  /** Resolves when it is kept. Never rejects: a full disk must not keep people from stopping what fills it. */
  async note(facts: AuditFacts): Promise<void> {
    const times = facts.verdict === 'allowed' ? 1 : this.#timesToWrite(facts);
    if (times === 0) return;
    const { store, logger } = this.#deps;
    const entry = { ...facts, user: cut(facts.user), action: cut(facts.action), times };
    const fields = { audit: facts.what, verdict: facts.verdict, by: entry.user, door: facts.door };
    logger.info(
      { ...fields, address: facts.address, action: entry.action, reason: facts.reason, times },
      'audit',
    );
    await store
      .audit(entry)
      .catch((error: unknown) => logger.error({ err: error }, 'an audit event is lost'));
  }

  /** 0 while it was written just now. */
  #timesToWrite({ what, user, address, reason }: AuditFacts): number {
    const key = JSON.stringify([what, user, address, reason]);
    const now = this.#deps.clock.monotonic();
    const before = this.#refusals.get(key);
    if (before !== undefined && now - before.at < REPEAT_MS) {
      before.unwritten++;
      return 0;
    }
    this.#refusals.delete(key);
    this.#refusals.set(key, { at: now, unwritten: 0 });
    const [oldest] = this.#refusals.keys();
    if (this.#refusals.size > MOST && oldest !== undefined) this.#refusals.delete(oldest);
    return (before?.unwritten ?? 0) + 1;
  }
}

function cut(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}
