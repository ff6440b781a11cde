import type { Build, BuildSet, SourceStamp } from '@buildbot/shared';
import { expect, test } from 'vitest';
import { initialProperties } from './build-properties.ts';

const build: Build = {
  buildId: 9,
  builderId: 3,
  number: 4,
  requestId: 1,
  attempt: 1,
  workerId: 5,
  masterId: 1,
  startedAt: 0,
  completeAt: null,
  results: null,
  stateString: '',
  infrastructure: false,
  stop: null,
};

const stamp: SourceStamp = {
  sourceStampId: 1,
  codebase: '',
  repository: 'r',
  project: 'p',
  branch: 'main',
  revision: 'abc',
  patch: null,
  createdAt: 0,
};
const patch = {
  patchId: 1,
  level: 1,
  subdir: '',
  author: 'alice',
  comment: '',
  bytes: 1,
  sha256: '',
  tree: null,
};

function properties(change: Partial<BuildSet> = {}) {
  const buildSet: BuildSet = {
    buildSetId: 1,
    externalId: null,
    reason: 'why not',
    submitter: null,
    scheduler: 'try',
    submittedAt: 0,
    completeAt: null,
    results: null,
    sourceStamps: [stamp],
    properties: {},
    rebuiltBuildId: null,
    ...change,
  };
  return initialProperties({
    build,
    buildSet,
    builder: { name: 'linux', properties: { level: 'builder', only: 'builder' } },
    worker: { name: 'w1', properties: { level: 'worker' } },
    builddir: 'linux.2',
  });
}

test("has Buildbot's names with their sources", () => {
  expect(properties()).toEqual({
    level: ['worker', 'Worker'],
    only: ['builder', 'Builder'],
    workername: ['w1', 'Worker'],
    builddir: ['linux.2', 'Worker'],
    buildername: ['linux', 'Builder'],
    builderid: [3, 'Builder'],
    scheduler: ['try', 'Scheduler'],
    buildnumber: [4, 'Build'],
    reason: ['why not', 'Build'],
    branch: ['main', 'Build'],
    revision: ['abc', 'Build'],
    repository: ['r', 'Build'],
    project: ['p', 'Build'],
    codebase: ['', 'Build'],
  });
});

test('what is asked for overrides the builder, never what describes the build', () => {
  const asked = properties({ properties: { only: ['mine', 'try build'], buildername: ['x', 'try build'] } });
  expect(asked.only).toEqual(['mine', 'try build']);
  expect(asked.buildername).toEqual(['linux', 'Builder']);
});

test('names the authors of patches, and no branch when there are several sources', () => {
  const stamps = [
    { ...stamp, patch },
    { ...stamp, codebase: 'lib', patch },
  ];
  const several = properties({ sourceStamps: stamps });
  expect(several.owners).toEqual([['alice'], 'Build']);
  expect(several).not.toHaveProperty('branch');
});
