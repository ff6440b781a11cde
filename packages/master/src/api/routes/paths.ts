/**
 * Every readable path of `/api/v2` below its prefix, once (`spec/rest-api-v2.md`, section 3). Routes, OpenAPI, the root
 * links and the table of what is public all come from this list. A path is nouns and placeholders in turn; a
 * placeholder says by which field one object of the noun before it is found.
 */
import type { Plural } from '../resources.ts';

/** How the text at a placeholder finds an object: a whole number by `id`, any other text by `name`. */
export interface Lookup {
  id?: string;
  name?: string;
  description: string;
}

export const PLACEHOLDERS = {
  masterid: { id: 'masterid', description: 'Id of a master.' },
  builder: { id: 'builderid', name: 'name', description: 'Id or name of a builder.' },
  builderid: { id: 'builderid', description: 'Id of a builder.' },
  worker: { id: 'workerid', name: 'name', description: 'Id or name of a worker.' },
  schedulerid: { id: 'schedulerid', description: 'Id of a scheduler.' },
  forcescheduler: { name: 'name', description: 'Name of a force scheduler.' },
  changeid: { id: 'changeid', description: 'Id of a change.' },
  ssid: { id: 'ssid', description: 'Id of a source stamp.' },
  bsid: { id: 'bsid', description: 'Id of a build set.' },
  buildrequestid: { id: 'buildrequestid', description: 'Id of a build request.' },
  buildid: { id: 'buildid', description: 'Id of a build.' },
  number: { id: 'number', description: 'Number of a build of its builder, from 1.' },
  stepid: { id: 'stepid', description: 'Id of a step.' },
  step: { id: 'number', name: 'name', description: 'Number (from 0) or name of a step of its build.' },
  logid: { id: 'logid', description: 'Id of a log.' },
  test_result_setid: { id: 'test_result_setid', description: 'Id of a set of test results.' },
  project: { id: 'projectid', name: 'slug', description: 'Id or slug of a project.' },
  codebase: { id: 'codebaseid', name: 'slug', description: 'Id or slug of a codebase.' },
  branchid: { id: 'branchid', description: 'Id of a branch.' },
  commitid: { id: 'commitid', description: 'Id of a commit.' },
  revision: { name: 'revision', description: 'Revision of a commit.' },
  changesourceid: { id: 'changesourceid', description: 'Id of a change source.' },
  data: { name: 'name', description: 'Name of data of a build.' },
  slug: { name: 'slug', description: 'Slug of a log of its step, for example `stdio`.' },
} as const satisfies Record<string, Lookup>;

/** Paths with the same answer. */
export interface PathSet {
  resource: Plural;
  paths: readonly string[];
}

const BUILD = ['builds/{buildid}', 'builders/{builder}/builds/{number}'];
const STEP = [...below(BUILD, 'steps/{step}'), 'steps/{stepid}'];
const LOG = [...below(STEP, 'logs/{slug}'), 'logs/{logid}'];

function below(prefixes: readonly string[], tail: string): string[] {
  return prefixes.map((prefix) => `${prefix}/${tail}`);
}

export const COLLECTIONS: readonly PathSet[] = [
  { resource: 'masters', paths: ['masters', 'builders/{builder}/masters'] },
  {
    resource: 'builders',
    paths: [
      'builders',
      'masters/{masterid}/builders',
      'workers/{worker}/builders',
      'projects/{project}/builders',
    ],
  },
  {
    resource: 'workers',
    paths: [
      'workers',
      'masters/{masterid}/workers',
      'builders/{builder}/workers',
      'masters/{masterid}/builders/{builderid}/workers',
    ],
  },
  { resource: 'schedulers', paths: ['schedulers', 'masters/{masterid}/schedulers'] },
  { resource: 'forceschedulers', paths: ['forceschedulers', 'builders/{builder}/forceschedulers'] },
  { resource: 'changes', paths: ['changes', ...below(BUILD, 'changes'), 'sourcestamps/{ssid}/changes'] },
  { resource: 'sourcestamps', paths: ['sourcestamps', 'buildsets/{bsid}/sourcestamps'] },
  { resource: 'buildsets', paths: ['buildsets'] },
  {
    resource: 'buildrequests',
    paths: ['buildrequests', 'builders/{builder}/buildrequests', 'buildsets/{bsid}/buildrequests'],
  },
  {
    resource: 'builds',
    paths: [
      'builds',
      'builders/{builder}/builds',
      'buildrequests/{buildrequestid}/builds',
      'workers/{worker}/builds',
      'changes/{changeid}/builds',
      'builds/{buildid}/triggered_builds',
    ],
  },
  { resource: 'steps', paths: below(BUILD, 'steps') },
  { resource: 'logs', paths: below(STEP, 'logs') },
  {
    resource: 'test_result_sets',
    paths: [
      'test_result_sets',
      ...below(BUILD, 'test_result_sets'),
      'builders/{builder}/test_result_sets',
      'steps/{stepid}/test_result_sets',
    ],
  },
  {
    resource: 'test_results',
    paths: ['test_result_sets/{test_result_setid}/results', ...below(BUILD, 'test_results')],
  },
  { resource: 'projects', paths: ['projects'] },
  { resource: 'codebases', paths: ['codebases'] },
  { resource: 'branches', paths: ['codebases/{codebase}/branches'] },
  { resource: 'commits', paths: ['codebases/{codebase}/commits'] },
  { resource: 'changesources', paths: ['changesources', 'masters/{masterid}/changesources'] },
  { resource: 'build_data', paths: below(BUILD, 'data') },
];

export const SINGLES: readonly PathSet[] = [
  { resource: 'masters', paths: ['masters/{masterid}', 'builders/{builder}/masters/{masterid}'] },
  { resource: 'builders', paths: ['builders/{builder}', 'masters/{masterid}/builders/{builderid}'] },
  {
    resource: 'workers',
    paths: [
      'workers/{worker}',
      'masters/{masterid}/workers/{worker}',
      'builders/{builder}/workers/{worker}',
      'masters/{masterid}/builders/{builderid}/workers/{worker}',
    ],
  },
  {
    resource: 'schedulers',
    paths: ['schedulers/{schedulerid}', 'masters/{masterid}/schedulers/{schedulerid}'],
  },
  { resource: 'forceschedulers', paths: ['forceschedulers/{forcescheduler}'] },
  { resource: 'changes', paths: ['changes/{changeid}'] },
  { resource: 'sourcestamps', paths: ['sourcestamps/{ssid}'] },
  { resource: 'buildsets', paths: ['buildsets/{bsid}'] },
  { resource: 'buildrequests', paths: ['buildrequests/{buildrequestid}'] },
  { resource: 'builds', paths: BUILD },
  { resource: 'steps', paths: STEP },
  { resource: 'logs', paths: LOG },
  { resource: 'test_result_sets', paths: ['test_result_sets/{test_result_setid}'] },
  { resource: 'projects', paths: ['projects/{project}'] },
  { resource: 'codebases', paths: ['codebases/{codebase}', 'projects/{project}/codebases/{codebase}'] },
  { resource: 'branches', paths: ['branches/{branchid}'] },
  {
    resource: 'commits',
    paths: ['commits/{commitid}', 'codebases/{codebase}/commits_by_revision/{revision}'],
  },
  {
    resource: 'changesources',
    paths: ['changesources/{changesourceid}', 'masters/{masterid}/changesources/{changesourceid}'],
  },
  { resource: 'build_data', paths: below(BUILD, 'data/{data}') },
];

/** Properties of a build, build request or build set as one map, name to `[value, source]`. */
export const PROPERTY_MAPS: readonly PathSet[] = [
  { resource: 'builds', paths: below(BUILD, 'properties') },
  { resource: 'buildrequests', paths: ['buildrequests/{buildrequestid}/properties'] },
  { resource: 'buildsets', paths: ['buildsets/{bsid}/properties'] },
];

/** The same as a list of `{name, source, value}`, the value as JSON text. */
export const PROPERTY_LISTS: readonly PathSet[] = [
  { resource: 'builds', paths: ['builds/{buildid}/property_list'] },
  { resource: 'buildsets', paths: ['buildsets/{bsid}/properties_list'] },
  { resource: 'changes', paths: ['changes/{changeid}/properties_list'] },
];

export const BUILD_SUMMARIES = below(BUILD, 'summary');
export const FAILURE_DIGESTS = below(BUILD, 'failure_digest');
export const LOG_CONTENTS = below(LOG, 'contents');
export const RAW_LOGS = below(LOG, 'raw');
export const RAW_INLINE_LOGS = below(LOG, 'raw_inline');
