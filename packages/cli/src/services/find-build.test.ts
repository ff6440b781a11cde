/** What names lead to which build, and what is said where they lead to none or to several. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ApiServer, apiServer } from '../client/testing/api-server.ts';
import { build, builder, buildSet, request } from '../view/testing/resources.ts';
import { parseBuildReference, parseRequestReference } from './build-reference.ts';
import { findBuild, findBuildSet, findNamedRequest, findTry } from './find-build.ts';

const of = (buildid: number, builderid: number, number: number, complete = true) =>
  build({ buildid, builderid, number, complete, buildrequestid: buildid + 1000 });

/** `linux` is idle, `mac` runs one build and `win` two; `new` has never built. Requests are numbered 1000 above. */
const RESOURCES: Readonly<Record<string, object>> = {
  builders: {
    builders: ['linux', 'mac', 'win', 'new'].map((name, index) => builder({ builderid: index + 1, name })),
  },
  'builds/100': { builds: [of(100, 1, 5)] },
  'builders/linux/builds/5': { builds: [of(100, 1, 5)] },
  'builders/linux/builds?complete=false&order=number': { builds: [] },
  'builders/linux/builds?order=-number&limit=1': { builds: [of(100, 1, 5)] },
  'builders/mac/builds?complete=false&order=number': { builds: [of(101, 2, 5, false)] },
  'builders/win/builds?complete=false&order=number': { builds: [of(102, 3, 7, false), of(103, 3, 8, false)] },
  'builders/new/builds?complete=false&order=number': { builds: [] },
  'builders/new/builds?order=-number&limit=1': { builds: [] },
  'builds?number=5&order=-buildid&limit=8': { builds: [of(101, 2, 5, false), of(100, 1, 5)] },
  'builds?number=7&order=-buildid&limit=8': { builds: [of(102, 3, 7, false)] },
  'builds?number=4711&order=-buildid&limit=8': { builds: [] },
  'buildrequests/1100': { buildrequests: [request({ buildrequestid: 1100, complete: true })] },
  'buildrequests/1102': { buildrequests: [request({ buildrequestid: 1102, buildsetid: 9 })] },
  'builders/linux/buildrequests?complete=false&order=buildrequestid': { buildrequests: [] },
  'builders/mac/buildrequests?complete=false&order=buildrequestid': { buildrequests: [request()] },
  'builders/win/buildrequests?complete=false&order=buildrequestid': {
    buildrequests: [request({ state: 'claimed' }), request({ buildrequestid: 12 })],
  },
  'buildsets/7': { buildsets: [buildSet()] },
};

let server: ApiServer;
beforeEach(async () => {
  server = await apiServer('HTTP/1.1', (asked, response) => {
    const found = RESOURCES[(asked.url ?? '').replace('/api/v2/', '')];
    response.statusCode = found === undefined ? 404 : 200;
    response.end(JSON.stringify(found ?? { error: 'not found' }));
  });
});
afterEach(() => server.close());

const find = (text: string) => findBuild(server.client, parseBuildReference(text));

describe('a build', () => {
  it.each([
    ['100', 100, '100'],
    ['linux/5', 100, 'linux/5'],
    ['linux', 100, 'linux/5'],
    ['mac', 101, 'mac/5'],
    ['#7', 102, 'win/7'],
  ])('%s is build %i, %s', async (text, buildId, name) => {
    expect(await find(text)).toMatchObject({ build: { buildid: buildId }, name });
  });

  it('of which there are several is refused, and they are named', async () => {
    await expect(find('win')).rejects.toMatchObject({
      message: "builder 'win' has 2 running builds",
      hint: 'Which one? win/7 (id 102), win/8 (id 103).',
      exitCode: 2,
    });
    await expect(find('#5')).rejects.toMatchObject({
      message: '2 builds have the number 5',
      hint: 'Which one? mac/5 (id 101), linux/5 (id 100).',
    });
  });

  it.each([
    ['5', 'there is no build 5', 'With the number 5 there is mac/5 (id 101), linux/5 (id 100).'],
    ['4711', 'there is no build 4711', "'buildbot watch' shows the builds."],
    ['#4711', 'there is no build #4711', "'buildbot watch' shows the builds."],
    ['linux/6', 'there is no build linux/6', "'buildbot watch' shows the builds."],
    ['linx', "there is no build and no builder 'linx'", "Did you mean 'linux'?"],
    ['x y z', "there is no build and no builder 'x y z'", "'buildbot builders' lists them."],
    ['new', "builder 'new' has no builds yet", undefined],
  ])('%s is none: %s', async (text, message, hint) => {
    await expect(find(text)).rejects.toMatchObject({ message, hint, exitCode: 2 });
  });
});

describe('a request', () => {
  it.each([
    ['1100', 1100],
    ['https://ci.example/#/buildrequests/1100', 1100],
    ['mac', 11],
    ['linux/5', 1100],
  ])('%s is request %i', async (text, requestId) => {
    await expect(findNamedRequest(server.client, parseRequestReference(text))).resolves.toMatchObject({
      buildrequestid: requestId,
    });
  });

  it.each([
    ['linux', "builder 'linux' has no open request", "'buildbot watch' shows the builds."],
    ['win', "builder 'win' has 2 open requests", 'Which one? 11 (claimed), 12 (pending).'],
    ['999', 'there is no build request 999', "'buildbot watch' shows the builds."],
  ])('%s is none: %s', async (text, message, hint) => {
    await expect(findNamedRequest(server.client, parseRequestReference(text))).rejects.toMatchObject({
      message,
      hint,
    });
  });
});

it('a try is found by its number, or by a build of it', async () => {
  expect((await findBuildSet(server.client, 7)).bsid).toBe(7);
  await expect(findBuildSet(server.client, 8)).rejects.toThrow('there is no try #8');
  expect(await findTry(server.client, { number: 7 })).toBe(9);
});
