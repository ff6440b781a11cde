/** The properties that a build begins with: Buildbot's names and sources, from the widest layer to the narrowest. */
import type { Build, BuildSet, Properties, PropertyValue } from '@buildbot/shared';
import { fromSource, mergeProperties } from './properties.ts';

type Values = Readonly<Record<string, PropertyValue>>;

export interface BuildPropertiesInput {
  build: Build;
  buildSet: BuildSet;
  builder: { name: string; properties: Values };
  worker: { name: string; properties: Values };
  builddir: string;
}

export function initialProperties(input: BuildPropertiesInput): Properties {
  const { build, buildSet, builder, worker, builddir } = input;
  return mergeProperties(
    fromSource({ ...builder.properties }, 'Builder'),
    buildSet.properties,
    fromSource({ ...worker.properties }, 'Worker'),
    fromSource({ workername: worker.name, builddir }, 'Worker'),
    fromSource({ buildername: builder.name, builderid: build.builderId }, 'Builder'),
    fromSource({ scheduler: buildSet.scheduler }, 'Scheduler'),
    fromSource({ buildnumber: build.number, reason: buildSet.reason, ...sourceValues(buildSet) }, 'Build'),
  );
}

/** What is built. Only a build of one source tree has these names to itself. */
function sourceValues({ sourceStamps }: BuildSet): Record<string, PropertyValue> {
  const authors = new Set(sourceStamps.flatMap(({ patch }) => patch?.author || []));
  const owners = authors.size > 0 ? { owners: [...authors] } : {};
  const [stamp, ...others] = sourceStamps;
  if (stamp === undefined || others.length > 0) return owners;
  const { branch, revision, repository, project, codebase } = stamp;
  return { ...owners, branch, revision, repository, project, codebase };
}
