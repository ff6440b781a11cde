import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findUpwards, findWorkingCopy, knownVcs } from './known.ts';
import type { Refusal, Vcs, WorkingCopy } from './port.ts';

function system(name: string, answer: WorkingCopy | Refusal | null): Vcs {
  return {
    name,
    detect: async () => answer,
    snapshot: () => Promise.reject(new Error('not asked for')),
    resolveRevision: () => Promise.reject(new Error('not asked for')),
  };
}

function at(vcs: string, topdir: string): Vcs {
  return system(vcs, { ok: true, vcs, topdir });
}

describe('the working copy around a folder', () => {
  test('is the inner one of two', async () => {
    const found = await findWorkingCopy(
      [at('git', '/src'), at('hg', '/src/inner'), system('svn', null)],
      '/src/inner',
    );
    expect(found).toMatchObject({ ok: true, workingCopy: { vcs: 'hg', topdir: '/src/inner' } });
  });

  test('is that of the system asked for', async () => {
    const found = await findWorkingCopy([at('git', '/src'), at('hg', '/src/inner')], '/src/inner', 'git');
    expect(found).toMatchObject({ ok: true, workingCopy: { vcs: 'git' } });
  });

  test('is refused for the reason its system gives', async () => {
    const refusal: Refusal = { ok: false, reason: 'bare', hint: 'go elsewhere' };
    expect(await findWorkingCopy([system('git', refusal), system('hg', null)], '/x')).toEqual(refusal);
  });

  test('is refused when there is none, and when the system is unknown', async () => {
    expect(await findWorkingCopy([system('git', null)], '/x')).toMatchObject({
      ok: false,
      reason: /in no working copy of git/,
    });
    expect(await findWorkingCopy([at('git', '/x')], '/x', 'cvs')).toMatchObject({
      ok: false,
      hint: 'use git',
    });
  });

  test('knows git', () => {
    expect(knownVcs({ env: {}, tmpdir: tmpdir() }).map(({ name }) => name)).toEqual(['git']);
  });
});

describe('looking upwards for a file', () => {
  let dir: string;

  beforeEach(() => {
    dir = realpathSync(mkdtempSync(join(tmpdir(), 'buildbot-up-')));
    mkdirSync(join(dir, 'a/b/c'), { recursive: true });
  });

  afterEach(() => {
    rmSync(dir, { recursive: true });
  });

  test('finds the nearest folder that holds it, the starting one included', async () => {
    writeFileSync(join(dir, 'Makefile'), '');
    writeFileSync(join(dir, 'a/b/Makefile'), '');
    expect(await findUpwards(join(dir, 'a/b/c'), 'Makefile')).toBe(join(dir, 'a/b'));
    expect(await findUpwards(join(dir, 'a'), 'Makefile')).toBe(dir);
  });

  test('ends at the root', async () => {
    expect(await findUpwards(join(dir, 'a/b/c'), 'no-such-file-anywhere')).toBeNull();
  });

  test('ends after twenty folders', async () => {
    writeFileSync(join(dir, 'top'), '');
    expect(await findUpwards(join(dir, 'x/'.repeat(19)), 'top')).toBe(dir);
    expect(await findUpwards(join(dir, 'x/'.repeat(20)), 'top')).toBeNull();
  });
});
