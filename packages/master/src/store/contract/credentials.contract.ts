/** Tokens and sessions, and the events of who did what. */
import { describe, expect, test } from 'vitest';
import type { NewCredential } from '../../ports/credentials.ts';
import { type MakePlace, World } from './world.contract.ts';

const DAY_MS = 24 * 60 * 60_000;

function credential(change: Partial<NewCredential> = {}): NewCredential {
  return {
    kind: 'token',
    name: 'deploy',
    hash: 'a'.repeat(64),
    user: 'alice',
    person: { email: 'alice@example.org', fullName: null, groups: ['dev'] },
    scopes: ['read', 'control'],
    createdBy: 'root',
    expiresAt: null,
    ...change,
  };
}

export function credentialsContract(makePlace: MakePlace): void {
  describe('credentials', () => {
    test('outlive the process that made them, and never hold the secret', async () => {
      const world = await World.make(makePlace);
      const added = await world.store.addCredential(credential());
      expect(added).toMatchObject({ user: 'alice', scopes: ['read', 'control'], revokedAt: null });
      await world.reopen();
      const [kept] = await world.store.validCredentials();
      expect(kept).toEqual({ ...added, hash: 'a'.repeat(64) });
    });

    test('are valid until they expire or are revoked, and stay on the list', async () => {
      const world = await World.make(makePlace);
      const { clock, store } = world;
      const [lasting, brief] = [
        await store.addCredential(credential()),
        await store.addCredential(credential({ hash: 'b', expiresAt: clock.now() + DAY_MS })),
      ];
      clock.advance(DAY_MS);
      expect((await store.validCredentials()).map(({ credentialId }) => credentialId)).toEqual([
        lasting.credentialId,
      ]);
      expect(await store.revokeCredential(lasting.credentialId, 'bob')).toBe(true);
      expect(await store.validCredentials()).toEqual([]);
      expect((await store.tokens()).map(({ credentialId }) => credentialId)).toEqual([
        lasting.credentialId,
        brief.credentialId,
      ]);
    });

    test('are revoked once, and by whom is kept', async () => {
      const { store, clock } = await World.make(makePlace);
      const { credentialId } = await store.addCredential(credential());
      expect(await store.revokeCredential(credentialId, 'bob')).toBe(true);
      expect(await store.revokeCredential(credentialId, 'eve')).toBe(false);
      expect(await store.revokeCredential(credentialId + 1, 'eve')).toBe(false);
      expect((await store.tokens())[0]).toMatchObject({ revokedBy: 'bob', revokedAt: clock.now() });
    });

    test('remember when they were used', async () => {
      const { store, clock } = await World.make(makePlace);
      const { credentialId } = await store.addCredential(credential());
      clock.advance(DAY_MS);
      await store.touchCredential(credentialId);
      expect((await store.tokens())[0]?.usedAt).toBe(clock.now());
    });

    test('of browsers are on no list of tokens', async () => {
      const { store } = await World.make(makePlace);
      await store.addCredential(credential({ kind: 'session' }));
      expect(await store.tokens()).toEqual([]);
    });

    test('are forgotten a while after they have ended', async () => {
      const { store, clock } = await World.make(makePlace);
      await store.addCredential(credential({ expiresAt: clock.now() + DAY_MS }));
      await store.addCredential(credential({ hash: 'b' }));
      clock.advance(10 * DAY_MS);
      await store.cleanUp({
        ...{ buildsBefore: null, logsBefore: null, eventsBefore: null, batch: 10 },
        sessionsBefore: clock.now() - DAY_MS,
      });
      expect((await store.tokens()).map(({ expiresAt }) => expiresAt)).toEqual([null]);
    });
  });

  describe('audit', () => {
    test('writes who did what from where as an event', async () => {
      const { store } = await World.make(makePlace);
      const { newest } = await store.eventRange();
      const facts = {
        user: 'eve',
        door: 'tcp',
        address: '192.0.2.7',
        action: 'stop',
        reason: 'no',
        times: 1,
      };
      await store.audit({ what: 'control', verdict: 'refused', ...facts });
      const [event] = await store.eventsAfter(newest, 10);
      expect(event).toMatchObject({ paths: ['audit/control/refused'], body: facts });
    });
  });
}
