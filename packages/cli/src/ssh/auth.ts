/**
 * Getting let in with public keys. ssh2 is given one "agent" that holds every key there is in the right order; it
 * offers each key's public half first, so private keys are touched only when they will be accepted.
 */

import { messageOf } from '@buildbot/shared';
import type { AnyAuthMethod, AuthHandlerMiddleware, BaseAgent } from 'ssh2';
import { NotLetInError } from './errors.ts';
import type { Identities, Identity } from './identities.ts';
import { agentOf, endAttempts } from './ssh2-internals.ts';
import type { Ssh2 } from './ssh2-lib.ts';

export interface Authentication {
  readonly handler: AuthHandlerMiddleware;
  /** What to tell the user when no key was accepted. */
  failure(cause: unknown): NotLetInError;
}

/** @param place the host as messages name it, e.g. `build.example.org:2222` */
export function authenticateWith(
  ssh2: Ssh2,
  user: string,
  place: string,
  identities: Identities,
): Authentication {
  const unsigned: string[] = [];
  // `none` comes last and only to hear what the server would accept: it tells that with each refusal, but ssh2 does
  // not pass it on for an agent's keys.
  const methods: AnyAuthMethod[] = [
    { type: 'agent', username: user, agent: offering(ssh2, identities.offered, unsigned) },
    { type: 'none', username: user },
  ];
  let methodsLeft: readonly string[] = [];
  return {
    handler: (authsLeft, _partialSuccess, next) => {
      methodsLeft = authsLeft ?? [];
      const method = methods.shift();
      if (method) next(method);
      else endAttempts(next);
    },
    failure: (cause) => notLetIn({ user, place, identities, unsigned, methodsLeft, cause }),
  };
}

/** The keys as ssh2 wants them. `unsigned` collects why accepted keys could not sign. */
function offering(ssh2: Ssh2, identities: readonly Identity[], unsigned: string[]): BaseAgent {
  return agentOf(ssh2, {
    publicKeys: identities.map(({ publicKey }) => publicKey),
    sign: async (publicKey, data, hash) => {
      const identity = identities.find((candidate) => candidate.publicKey === publicKey);
      if (identity === undefined) throw new Error('an unknown key was asked for');
      try {
        return await identity.sign(data, hash);
      } catch (error) {
        unsigned.push(`${identity.label}: ${messageOf(error)}`);
        throw error;
      }
    },
  });
}

interface Refusal {
  readonly user: string;
  readonly place: string;
  readonly identities: Identities;
  readonly unsigned: readonly string[];
  readonly methodsLeft: readonly string[];
  readonly cause: unknown;
}

function notLetIn({ user, place, identities, unsigned, methodsLeft, cause }: Refusal): NotLetInError {
  const { offered, skipped } = identities;
  const lines = [
    `${place} did not let ${user} in.`,
    offered.length > 0 ? 'Keys offered:' : 'There was no key to offer.',
    ...offered.map(({ label, publicKey }) => `  ${label} (${publicKey.type})`),
    ...[...skipped, ...unsigned].map((reason) => `  not used: ${reason}`),
    ...(methodsLeft.length > 0 ? [`It accepts: ${methodsLeft.join(', ')}.`] : []),
  ];
  return new NotLetInError(lines.join('\n'), { hint: nextStep(offered.length, methodsLeft), cause });
}

function nextStep(offeredKeys: number, methodsLeft: readonly string[]): string {
  if (methodsLeft.length > 0 && !methodsLeft.includes('publickey')) {
    return 'Only public keys are supported here; your own ssh program may know more: --ssh ssh.';
  }
  if (offeredKeys === 0) {
    return 'Add a key to your agent (ssh-add), or name one with IdentityFile in your SSH configuration.';
  }
  return 'Check the user name, and ask the administrator to add your public key to authorized_keys.';
}
