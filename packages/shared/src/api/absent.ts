/**
 * Resources of Buildbot that nothing here makes (`spec/rest-api-v2.md`, section 4): projects, codebases and what is known of
 * them, change sources, data of builds. Their collections are served in the right shape, and empty, so that the web UI and
 * scripts that look for them find that there are none.
 */
import * as z from 'zod';
import { masterResourceSchema } from './resources.ts';

const id = z.number().int();
/** Epoch seconds. */
const time = z.number().int();

/** The plural key of each, and its schema. */
export const ABSENT_RESOURCES = {
  projects: z.object({
    projectid: id,
    name: z.string(),
    slug: z.string(),
    description: z.string().nullable(),
    description_format: z.string().nullable(),
    description_html: z.string().nullable(),
    active: z.boolean(),
  }),
  codebases: z.object({ codebaseid: id, projectid: id, name: z.string(), slug: z.string() }),
  branches: z.object({
    branchid: id,
    codebaseid: id,
    name: z.string(),
    commitid: id,
    last_timestamp: time,
  }),
  commits: z.object({
    commitid: id,
    codebaseid: id,
    author: z.string(),
    committer: z.string().nullable(),
    comments: z.string(),
    when_timestamp: time,
    revision: z.string(),
    parent_commitid: id.nullable(),
  }),
  changesources: z.object({ changesourceid: id, name: z.string(), master: masterResourceSchema.nullable() }),
  build_data: z.object({ buildid: id, name: z.string(), length: z.number().int(), source: z.string() }),
} as const;
