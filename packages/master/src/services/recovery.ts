/**
 * What a master that was stopped or killed left unfinished. Such builds go back to the queue at once, unless somebody
 * wanted them stopped: then they are cancelled, with that name and reason.
 */
import { CANCELLED, RETRY } from '@buildbot/shared';
import { cancelledText } from '../core/flow.ts';
import type { Logger } from '../ports/service.ts';
import type { ClaimedBuild, Store } from '../ports/store.ts';

export interface RecoveryDeps {
  store: Store;
  logger: Logger;
  masterId: number;
}

/** Answers how many builds there were. Must run before any build of this master starts. */
export async function endUnfinishedBuilds({ store, logger, masterId }: RecoveryDeps): Promise<number> {
  const unfinished = await store.unfinishedBuilds(masterId);
  for (const claimed of unfinished) await store.finishBuild(endOf(claimed));
  if (unfinished.length > 0) logger.info({ builds: unfinished.length }, 'builds of the last run were ended');
  return unfinished.length;
}

function endOf({ build, request: { cancel } }: ClaimedBuild): Parameters<Store['finishBuild']>[0] {
  const { buildId } = build;
  const order = build.stop ?? cancel;
  if (order !== null) {
    return { buildId, results: CANCELLED, stateString: cancelledText(order), request: { kind: 'complete' } };
  }
  const request = { kind: 'retry', notBefore: null } as const;
  return { buildId, results: RETRY, stateString: 'master was restarted', request };
}
