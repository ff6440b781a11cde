/**
 * The hops to a target: `ProxyJump` of the target's configuration, and, as OpenSSH does, of the first jump host's own
 * configuration in front of that. Each hop has its own configuration.
 */

import { UserError } from '@buildbot/shared';
import type { HostConfig } from './config.ts';
import { parseJumps } from './jump.ts';
import type { SshTarget } from './port.ts';

const MAX_HOPS = 10;

/** Looks up a host's configuration; `resolveHost` with its dependencies filled in. */
export type ResolveHost = (target: SshTarget) => Promise<HostConfig>;

/** From the first host to connect to, to the target itself. @throws UserError if the configuration goes in circles */
export async function planRoute(resolve: ResolveHost, target: SshTarget): Promise<HostConfig[]> {
  const route = [await resolve(target)];
  for (;;) {
    // Only the host connected to directly may ask for a detour; the others are reached through the one before them.
    const detour = route[0]?.proxyJump;
    if (detour === undefined) return route;
    const jumps = parseJumps(detour);
    if (route.length + jumps.length > MAX_HOPS) throw circular(target);
    route.unshift(...(await Promise.all(jumps.map(resolve))));
  }
}

function circular({ host }: SshTarget): UserError {
  return new UserError(`Your SSH configuration leads to ${host} over more than ${MAX_HOPS} hosts`, {
    hint: 'Look for a ProxyJump that leads back to itself: "Host *" also counts for the jump host.',
  });
}
