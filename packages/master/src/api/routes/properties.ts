/** Properties of one object, as a map or as a list. */
import type { Properties } from '@buildbot/shared';
import type { Store } from '../../ports/store.ts';
import type { Row } from '../query/apply-query.ts';

type PropertyStore = Pick<Store, 'buildProperties' | 'buildSetProperties'>;

/** Which object it is shows in its own ids: a build's row has `buildid`, a request's `buildsetid`, a set's `bsid`. */
export async function propertyMap(store: PropertyStore, row: Row): Promise<Properties> {
  if (typeof row.changeid === 'number') return row.properties as Properties;
  if (typeof row.buildid === 'number') return store.buildProperties(row.buildid);
  const buildSetId = (row.bsid ?? row.buildsetid) as number;
  return (await store.buildSetProperties(buildSetId)) ?? {};
}

/** Buildbot's other form: the value is JSON as text. */
export async function propertyList(
  store: PropertyStore,
  row: Row,
): Promise<{ name: string; source: string; value: string }[]> {
  const map = await propertyMap(store, row);
  return Object.entries(map).map(([name, [value, source]]) => ({
    name,
    source,
    value: JSON.stringify(value),
  }));
}
