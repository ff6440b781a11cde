/** The contract on SQLite. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { silentLogger } from '../../log.ts';
import type { MakePlace } from '../contract/world.contract.ts';
import { openStore } from '../open.ts';
import { storeContract } from '../store.contract.ts';

const makePlace: MakePlace = async () => {
  const basedir = await mkdtemp(join(tmpdir(), 'store-'));
  onTestFinished(() => rm(basedir, { recursive: true }));
  const fatal = (error: Error) => {
    throw error;
  };
  return { open: (clock) => openStore({ basedir, clock, logger: silentLogger, fatal }) };
};

storeContract('SQLite', makePlace);
