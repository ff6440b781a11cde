import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findProgram } from './find-program.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'find-'));
  mkdirSync(join(folder, 'bin'));
  for (const name of ['bin/tool', 'here']) writeFileSync(join(folder, name), '#!/bin/sh\n', { mode: 0o755 });
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('looks through PATH in order, relative entries from the working folder', () => {
  expect(findProgram('tool', '/nowhere:bin', folder)).toEqual({ path: join(folder, 'bin/tool') });
});

test('a name with a slash is a path from the working folder, whatever PATH says', () => {
  expect(findProgram('./here', '', folder)).toEqual({ path: join(folder, 'here') });
});

test('tells missing, not executable and a folder apart', () => {
  chmodSync(join(folder, 'here'), 0o644);
  expect(findProgram('tool', '/nowhere', folder)).toEqual({
    problem: "no such program: 'tool' (PATH is /nowhere)",
  });
  expect(findProgram('./here', '', folder)).toEqual({
    problem: `${join(folder, 'here')} may not be executed`,
  });
  expect(findProgram('bin', folder, folder)).toEqual({
    problem: `${join(folder, 'bin')} may not be executed`,
  });
  expect(findProgram('', '/bin', folder)).toHaveProperty('problem');
});
