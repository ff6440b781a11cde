/** A build of one builder, where the master has a form for it that needs nothing filled in. */
import { sanitizeName } from '@buildbot/shared';
import type { ApiClient } from '../client/api-client.ts';
import { force } from './force.ts';

/** Gives the line that says what came of it. @throws what `force` throws */
export async function forceBuilder(client: ApiClient, builderId: number): Promise<string> {
  const [builder] = await client.resources('builders', `builders/${builderId}`);
  const forms = await client.get(`builders/${builderId}/forceschedulers`, 'forceschedulers');
  const [form] = forms as { name: string }[];
  const name = sanitizeName(builder?.name ?? `builder ${builderId}`);
  if (form === undefined || builder === undefined) return `the master has no form to force ${name} by`;
  const params = { reason: 'forced from watch', builderNames: [builder.name] };
  return `forced ${name} as try #${await force(client, form.name, params)}`;
}
