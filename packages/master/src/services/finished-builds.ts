/** Hearing of each build that finishes, as soon as it is in the database. */
import type { BuildResource } from '@buildbot/shared';
import type { Store } from '../ports/store.ts';

/** Call `see` for each from now on; the result ends it. */
export function onFinishedBuilds(
  store: Pick<Store, 'onCommit'>,
  see: (build: BuildResource) => void,
): () => void {
  return store.onCommit((events) => {
    for (const { paths, body } of events)
      if (/^builds\/\d+\/finished$/.test(paths[0] ?? '')) see(body as BuildResource);
  });
}
