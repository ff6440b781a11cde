/** What people and interfaces ask of a long history is answered by an index: each page of Buildbot's web UI, and our own. */
import { expect, test } from 'vitest';
import { isServed } from '../store/query/served.ts';
import { parseQuery } from './query/parse-query.ts';
import { isStored, RESOURCE_TYPES } from './resources.ts';

/** As `spec/web-ui-demands.md` has them. */
const PAGES = [
  'builds?order=-started_at&complete=false',
  'builds?order=-buildid&complete=true&limit=20',
  'builds?limit=200&order=-started_at&builderid__eq=3&property=branch',
  'builds?builderid=1&property=owners&limit=200&order=-number',
  'builds?builderid=1&complete=true&order=-number&limit=1',
  'builds?builderid=1&number__eq=1&number__eq=2&number__eq=3',
  'builds?buildrequestid__eq=7',
  'builds?property=branch&workerid__eq=1&limit=100&order=-buildid',
  'builds?limit=100&order=-started_at&property=branch',
  'builds?results=2&order=-buildid&limit=50',
  'buildrequests?builderid=1&claimed=false',
  'buildrequests?limit=50&order=-priority&order=-submitted_at&claimed=false',
  'buildrequests?buildsetid=1&limit=1&order=-buildsetid',
  'buildrequests?limit=50&order=-submitted_at',
  'buildrequests?limit=50&order=-buildrequestid',
  'buildrequests?complete=false&limit=1',
  'buildsets?rebuilt_buildid=1&bsid__gt=1&limit=1&order=-bsid',
  'buildsets?limit=50&order=-submitted_at',
  'buildsets?limit=50&order=-bsid',
  'changes?limit=50&order=-changeid',
  'changes?revision=abc',
  'sourcestamps?revision=abc',
  'steps?buildid=1&number__eq=3',
  'logs?stepid=1&slug__eq=stdio',
  'test_result_sets?builderid=1&limit=50&order=-test_result_setid',
  'test_results?buildid=1&failed=true',
];

test.each(PAGES)('%s', (page) => {
  const { pathname, searchParams } = new URL(page, 'http://master/');
  const plural = pathname.slice(1) as keyof typeof RESOURCE_TYPES;
  const { query } = parseQuery(searchParams, RESOURCE_TYPES[plural].fields);
  expect(isStored(plural) && isServed(plural, query)).toBe(true);
});
