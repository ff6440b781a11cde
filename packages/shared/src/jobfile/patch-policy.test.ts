import { describe, expect, it } from 'vitest';
import { foldName, linkProblem, nameProblem } from './patch-policy.ts';

const latin1 = (text: string) => Buffer.from(text, 'utf8').toString('latin1');

describe('nameProblem', () => {
  it.each([
    'a',
    'a b',
    'dir/file.txt',
    '.gitignore',
    '.gitmodules',
    '.github/x',
    'x.git',
    'git',
    'git~2',
    'gitx',
    '..a',
    'a..',
    '...a',
    'a\\b',
    'tab\tname',
    'new\nline',
    '"quoted"',
    'a:b',
    latin1('Größe'),
    'x'.repeat(255),
    '-rf',
    ' ',
    '~',
    'con.txt',
  ])('lets %j be', (name) => {
    expect(nameProblem(name)).toBeUndefined();
  });

  it.each([
    ['', 'is empty'],
    ['a\0b', 'holds a NUL byte'],
    ['/etc/passwd', 'is absolute'],
    ['\\windows', 'is absolute'],
    ['C:\\x', 'is absolute'],
    ['c:/x', 'is absolute'],
    ['../x', `leaves the tree by '..'`],
    ['a/../../x', `leaves the tree by '..'`],
    ['a/..', `leaves the tree by '..'`],
    ['a\\..\\..\\x', `leaves the tree by '..'`],
    ['a/.. /x', `leaves the tree by '..'`],
    ['a//b', `has an empty folder name or '.' in it`],
    ['./a', `has an empty folder name or '.' in it`],
    ['a/', `has an empty folder name or '.' in it`],
    ['.git', `reaches into '.git'`],
    ['.git/hooks/pre-commit', `reaches into '.git'`],
    ['sub/.git/config', `reaches into '.git'`],
    ['.GIT/config', `reaches into '.git'`],
    ['.git /config', `reaches into '.git'`],
    ['.git./config', `reaches into '.git'`],
    ['.git. . /config', `reaches into '.git'`],
    ['git~1/config', `reaches into '.git'`],
    ['GIT~1', `reaches into '.git'`],
    ['.git::$INDEX_ALLOCATION/config', `reaches into '.git'`],
    ['a\\.git\\config', `reaches into '.git'`],
    [latin1('.g\u200cit/config'), `reaches into '.git'`],
    ['x'.repeat(256), 'has a part of more than 255 bytes'],
    ['x/'.repeat(2100), 'is longer than 4096 bytes'],
  ])('refuses %.40j: %s', (name, problem) => {
    expect(nameProblem(name)).toBe(problem);
  });
});

describe('linkProblem', () => {
  it.each([
    ['link', 'target'],
    ['link', 'dir/target'],
    ['dir/link', '../target'],
    ['a/b/link', '../../x/y'],
    ['link', './x'],
    ['a/link', '..'],
    ['link', '.'],
    ['link', '...'],
  ])('lets %s -> %s be', (name, target) => {
    expect(linkProblem(name, target)).toBeUndefined();
  });

  it.each([
    ['link', '/etc/passwd', 'points to an absolute path'],
    ['link', 'C:\\x', 'points to an absolute path'],
    ['link', '..', 'points out of the tree'],
    ['link', '../x', 'points out of the tree'],
    ['a/link', '../../x', 'points out of the tree'],
    ['a/link', './.././../x', 'points out of the tree'],
    ['a/link', '..\\..\\x', 'points out of the tree'],
    ['a/b/link', '../y/..', `has '..' after a name in its target`],
    ['link', 'y/../..', `has '..' after a name in its target`],
    ['link', '.git/config', `points into '.git'`],
    ['a/link', '../.GIT/hooks', `points into '.git'`],
    ['link', '', 'has no target'],
    ['link', 'a\0b', 'has a NUL byte or a newline in its target'],
  ])('refuses %s -> %j: %s', (name, target, problem) => {
    expect(linkProblem(name, target)).toBe(problem);
  });
});

it('foldName has one spelling for letter case and Unicode form', () => {
  expect(foldName(latin1('Ä'))).toBe(foldName(latin1('a\u0308')));
  expect(foldName('README')).toBe(foldName('readme'));
});
