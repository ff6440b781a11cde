/** The fields of a force scheduler's form, as Buildbot's web UI draws them (`spec/rest-api-v2.md`, section 12). */
import type { ForceSchedulerResource } from '@buildbot/shared';

type Field = ForceSchedulerResource['all_fields'][number];

function field(name: string, label: string, rest: Field = {}): Field {
  return {
    ...{ name, fullName: name, label, tablabel: label, tooltip: '', type: 'text', default: '', size: 30 },
    ...{ required: false, multiple: false, regex: null, hide: false, maxsize: null, autopopulate: null },
    ...rest,
  };
}

/** Buildbot's default form. Who asks is known without the user name: it is there for those who look for it. */
export const FORM_FIELDS: readonly Field[] = [
  field('username', 'Your name:', { type: 'username', need_email: true, hide: true }),
  field('reason', 'reason', { default: 'force build' }),
  field('priority', 'priority', { type: 'int', default: 0, size: 10 }),
  field('branch', 'Branch:'),
  field('project', 'Project:'),
  field('repository', 'Repository:'),
  field('revision', 'Revision:'),
];
