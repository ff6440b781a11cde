/**
 * What every implementation of the store port must hold to, one file per topic. An engine's test file calls
 * `storeContract` with a way to make a place for a store, and adds only what is the engine's own.
 */
import { describe } from 'vitest';
import { buildSetsContract } from './contract/build-sets.contract.ts';
import { buildsContract } from './contract/builds.contract.ts';
import { clockContract } from './contract/clock.contract.ts';
import { credentialsContract } from './contract/credentials.contract.ts';
import { eventsContract } from './contract/events.contract.ts';
import { inventoryContract } from './contract/inventory.contract.ts';
import { logsContract } from './contract/logs.contract.ts';
import { queryContract } from './contract/query.contract.ts';
import { queueContract } from './contract/queue.contract.ts';
import { retentionContract } from './contract/retention.contract.ts';
import { sessionsContract } from './contract/sessions.contract.ts';
import { shelfContract } from './contract/shelf.contract.ts';
import { standingContract } from './contract/standing.contract.ts';
import { stepsContract } from './contract/steps.contract.ts';
import { testResultsContract } from './contract/test-results.contract.ts';
import type { MakePlace } from './contract/world.contract.ts';

export function storeContract(name: string, makePlace: MakePlace): void {
  describe(`store on ${name}`, () => {
    inventoryContract(makePlace);
    buildSetsContract(makePlace);
    queueContract(makePlace);
    shelfContract(makePlace);
    standingContract(makePlace);
    buildsContract(makePlace);
    stepsContract(makePlace);
    testResultsContract(makePlace);
    logsContract(makePlace);
    sessionsContract(makePlace);
    credentialsContract(makePlace);
    eventsContract(makePlace);
    queryContract(makePlace);
    retentionContract(makePlace);
    clockContract(makePlace);
  });
}
