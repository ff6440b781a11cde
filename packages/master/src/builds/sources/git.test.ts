import { expect, test } from 'vitest';
import {
  gitArgv,
  gitEnvironment,
  isCommitId,
  isFullCommitId,
  isRecent,
  isRefName,
  parseVersion,
  repositoryProblem,
  withoutPassword,
} from './git.ts';

test.each([
  'https://git.example.org/project.git',
  'http://user:secret@git.example.org:8080/project.git',
  'ssh://git@git.example.org/project.git',
  'git://git.example.org/project',
  'file:///srv/project.git',
  '/srv/project.git',
  'git@git.example.org:group/project.git',
  'host:project',
])('%s may be fetched from', (url) => {
  expect(repositoryProblem(url)).toBeNull();
});

test.each([
  '--upload-pack=touch x',
  '-u',
  'ext::sh -c touch% x',
  'ext::touch',
  'fd::7',
  'foo::bar',
  'EXT::x',
  'ssh://-oProxyCommand=touch/x',
  'ssh://user@-oProxyCommand=x/y',
  'SSH://-ox/y',
  '-oProxyCommand=x:path',
  'git@-host:path',
  'host:-option',
  'ftp://example.org/x',
  'javascript://x',
  'relative/path',
  '../up',
  'C:',
  '',
  'https://example.org/a b',
  'https://example.org/a\nb',
  'https://example.org/\0',
  ' /srv/project.git',
])('%j may not be fetched from', (url) => {
  expect(repositoryProblem(url)).not.toBeNull();
});

test.each(['main', 'feature/x', 'v1.0', 'refs/tags/v1', 'ünï', 'a-b', 'user@host', 'a{b'])(
  '%s is the name of a ref',
  (name) => {
    expect(isRefName(name)).toBe(true);
  },
);

test.each([
  '',
  '@',
  '-x',
  '--upload-pack=x',
  'a..b',
  'a@{c',
  'a b',
  'a\tb',
  'a\nb',
  'a~1',
  'a^',
  'a:b',
  'a?',
  'a*',
  'a[b',
  'a\\b',
  '/a',
  'a/',
  'a//b',
  '.a',
  'a/.b',
  'a.lock',
  'a.lock/b',
  'a.',
  '\x7f',
  '+refs/heads/*:refs/x',
  'x'.repeat(2000),
])('%j is not', (name) => {
  expect(isRefName(name)).toBe(false);
});

test('tells commit ids from everything else', () => {
  expect(isCommitId('deadbeef')).toBe(true);
  expect(isCommitId('DEADBEEF')).toBe(false);
  expect(isCommitId('abc')).toBe(false);
  expect(isCommitId('deadbeef; touch x')).toBe(false);
  expect(isFullCommitId('a'.repeat(40))).toBe(true);
  expect(isFullCommitId('a'.repeat(64))).toBe(true);
  expect(isFullCommitId('a'.repeat(41))).toBe(false);
});

test('reads the version of git and knows which are too old', () => {
  expect(parseVersion('git version 2.39.5')).toEqual([2, 39]);
  expect(parseVersion('git version 2.51.0.windows.1')).toEqual([2, 51]);
  expect(parseVersion('bash: git: not found')).toBeNull();
  expect(
    [
      [2, 29],
      [1, 99],
      [2, 30],
      [3, 0],
    ].map(([a = 0, b = 0]) => isRecent([a, b])),
  ).toEqual([false, false, true, true]);
});

test('shows no password', () => {
  expect(withoutPassword('https://user:secret@host/x')).toBe('https://user:***@host/x');
  expect(withoutPassword('ssh://git@host/x')).toBe('ssh://git@host/x');
});

test('every command is closed to helpers and hooks, and files can be shut out', () => {
  expect(gitArgv(['status'])).toContain('protocol.ext.allow=never');
  expect(gitArgv(['status'])).toContain('core.hooksPath=/dev/null');
  expect(gitEnvironment(true)).toMatchObject({
    GIT_ALLOW_PROTOCOL: 'file:git:http:https:ssh',
    GIT_TERMINAL_PROMPT: '0',
  });
  expect(gitEnvironment(false)).toMatchObject({ GIT_ALLOW_PROTOCOL: 'git:http:https:ssh' });
});
