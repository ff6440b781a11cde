/** `rebuild --failed`: every build of a try that failed, once more. */
import { sanitizeName } from '@buildbot/shared';
import type { ApiClient } from '../client/api-client.ts';
import type { LoadedSettings } from '../config/load-settings.ts';
import { askOnce } from './ask-once.ts';
import type { TryReference } from './build-reference.ts';
import { findTry } from './find-build.ts';
import { numberAt, theLastTry } from './last-try.ts';
import type { MasterLink } from './master-link.ts';
import type { Runtime } from './runtime.ts';
import { rebuild } from './steer.ts';
import { lastBuildOf, whatFailed } from './what-failed.ts';

export interface RebuildFailedInput {
  link: MasterLink;
  settings: LoadedSettings;
  /** Null for the last try of the working copy. */
  reference: TryReference | null;
}

export interface Rebuilt {
  buildSetId: number;
  line: string;
}

/** @throws UserError when there is no such try, or nothing of it has failed */
export async function rebuildFailed(
  { link, settings, reference }: RebuildFailedInput,
  runtime: Runtime,
): Promise<Rebuilt[]> {
  const number =
    reference === null
      ? numberAt(settings, await theLastTry(settings, runtime))
      : await numberOf(await link.open(), reference);
  const all: Rebuilt[] = [];
  for (const failed of await whatFailed(await link.open(), number)) {
    const buildSetId = await askOnce(link, runtime, async (again, once) =>
      rebuild(again, { buildId: await lastBuildOf(again, failed) }, once),
    );
    const name = sanitizeName(failed.builder, { maxLength: 100 });
    all.push({
      buildSetId,
      line: `${name} queued as #${buildSetId}; to watch it: buildbot watch ${buildSetId}`,
    });
  }
  return all;
}

async function numberOf(client: ApiClient, reference: TryReference): Promise<number> {
  return 'buildSetId' in reference ? reference.buildSetId : findTry(client, reference);
}
