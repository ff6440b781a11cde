/** `checkPatch` beside the real git: it reads what git writes, and it is never more lenient than git is. */

import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkPatch } from './check-patch.ts';

const env = { PATH: process.env.PATH, HOME: '/nonexistent', GIT_CONFIG_NOSYSTEM: '1' };
let repository = '';

function git(...args: string[]): Buffer {
  return execFileSync('git', ['-c', 'user.name=n', '-c', 'user.email=e', ...args], {
    cwd: repository,
    env,
    maxBuffer: 2 ** 28,
  });
}
const at = (name: string) => join(repository, name);
const diff = (...args: string[]) => git('diff', '--cached', '--binary', '--full-index', ...args, 'HEAD');

beforeAll(() => {
  repository = mkdtempSync(join(tmpdir(), 'check-patch-'));
  git('init', '-q');
  mkdirSync(at('dir/deep'), { recursive: true });
  const lines = Array.from({ length: 40 }, (_, number) => `line ${number}`).join('\n');
  for (const name of [
    'edited',
    'renamed',
    'copied',
    'moved and edited',
    'mode',
    'becomes-link',
    'gone',
    'dir/deep/f',
    'ä',
  ]) {
    writeFileSync(at(name), `${name}\n${lines}\n`);
  }
  writeFileSync(at('bin'), Buffer.from(Array.from({ length: 5000 }, (_, byte) => (byte * byte) % 251)));
  writeFileSync(at('gone-bin'), Buffer.alloc(300));
  writeFileSync(at('empty'), '');
  symlinkSync('edited', at('link'));
  symlinkSync('gone', at('gone-link'));
  git('add', '-A');
  git('commit', '-q', '-m', 'base');
  change();
  git('add', '-A');
});
afterAll(() => rmSync(repository, { recursive: true, force: true }));

/** One change of each kind that a working copy can hold. */
function change(): void {
  writeFileSync(at('edited'), 'no newline at the end');
  renameSync(at('renamed'), at('dir/new name'));
  writeFileSync(at('copy of copied'), execFileSync('cat', [at('copied')]));
  writeFileSync(at('copied'), 'changed\r\nwith CRLF\r\n');
  writeFileSync(at('moved'), `${execFileSync('cat', [at('moved and edited')])}more\n`);
  rmSync(at('moved and edited'));
  chmodSync(at('mode'), 0o755);
  for (const name of ['becomes-link', 'gone', 'gone-bin', 'empty', 'gone-link', 'link', 'dir/deep/f'])
    rmSync(at(name));
  symlinkSync('dir/deep', at('becomes-link'));
  symlinkSync('dir/x', at('link'));
  symlinkSync('../edited', at('dir/up'));
  writeFileSync(at('ä'), Buffer.from([0xe4, 0x0a]));
  writeFileSync(at('bin'), Buffer.from(Array.from({ length: 5000 }, (_, byte) => (byte * byte) % 241)));
  writeFileSync(at('new-bin'), Buffer.from([0, 1, 2, 255]));
  for (const name of [
    'new empty',
    'tab\there',
    'new\nline',
    'quo"te',
    'back\\slash',
    ' lead',
    'trail ',
    'a b a b',
    'ünï',
  ]) {
    writeFileSync(at(name), name === 'new empty' ? '' : '--- a/../x\n+++ b/../x\n@@ -1 +1 @@\n');
  }
  writeFileSync(Buffer.from(`${repository}/latin1-\xe4`, 'latin1'), 'x\n');
}

const CHANGES: Readonly<Record<string, string>> = {
  A: 'added',
  M: 'modified',
  D: 'deleted',
  R: 'renamed',
  C: 'copied',
};

/** What git itself says about the diff: `change mode from path`, sorted. A change of type counts as delete and add. */
function gitsAnswer(...args: string[]): string[] {
  const fields = git('diff', '--cached', '--raw', '-z', ...args, 'HEAD')
    .toString('utf8')
    .split('\0');
  const answer: string[] = [];
  for (let index = 0; index + 1 < fields.length; ) {
    const [before = '', after = '', , , status = ''] = (fields[index++] ?? '').slice(1).split(' ');
    const letter = status.slice(0, 1);
    const from = letter === 'R' || letter === 'C' ? (fields[index++] ?? '') : '';
    const path = fields[index++] ?? '';
    if (letter === 'T') answer.push(`deleted ${before}  ${path}`, `added ${after}  ${path}`);
    else answer.push(`${CHANGES[letter]} ${letter === 'D' ? before : after} ${from} ${path}`);
  }
  return answer.sort();
}

describe('checkPatch and real git', () => {
  it.each([[['--no-renames']], [['-M']], [['-M', '-C', '--find-copies-harder']], [['-M', '-B']]])(
    'agree on what %j touches',
    (args) => {
      const checked = checkPatch(diff(...args), { level: 1 });
      if (!checked.ok) expect.fail(checked.reason);
      // A rename without edits does not repeat the mode.
      const ours = checked.files.map(
        ({ change, mode, from, path }) => `${change} ${mode ?? '100644'} ${from ?? ''} ${path}`,
      );
      expect(ours.sort()).toEqual(gitsAnswer(...args));
    },
  );

  it('agree on the targets of links', () => {
    const checked = checkPatch(diff('--no-renames'), { level: 1 });
    const links = checked.ok ? checked.files.filter((file) => file.symlinkTarget !== undefined) : [];
    const targets = Object.fromEntries(links.map((file) => [file.path, file.symlinkTarget]));
    expect(targets).toEqual({ 'becomes-link': 'dir/deep', link: 'dir/x', 'dir/up': '../edited' });
  });

  it('find the binary files', () => {
    const checked = checkPatch(diff('--no-renames'), { level: 1 });
    const binary = checked.ok ? checked.files.filter((file) => file.binary).map((file) => file.path) : [];
    expect(binary.sort()).toEqual(['bin', 'gone-bin', 'new-bin']);
  });

  it.each([
    [['--no-prefix'], 0],
    [['--src-prefix=x/y/', '--dst-prefix=z/y/'], 2],
    [['-U0'], 1],
    [['--diff-algorithm=histogram', '-U30'], 1],
    [['--src-prefix=i/', '--dst-prefix=w/'], 1],
  ])('read %j at level %i', (args, level) => {
    expect(checkPatch(diff('--no-renames', ...args), { level }).ok).toBe(true);
  });

  it.each([
    [['--no-prefix'], /no prefix such as/],
    [['--color=always'], /coloured/],
    [['--abbrev=7'], /content is not in the patch/],
  ])('refuse what the settings of a user make of it: %j', (args, reason) => {
    const patch = git('diff', '--cached', ...args, 'HEAD');
    expect(checkPatch(patch, { level: 1 })).toEqual({ ok: false, reason: expect.stringMatching(reason) });
  });

  it('read a mailed patch', () => {
    git('commit', '-q', '-m', 'subject\n\n--- not a header\nBody.');
    const mail = git('format-patch', '-1', '--stdout', '--binary', '--full-index');
    git('reset', '-q', '--soft', 'HEAD^');
    expect(checkPatch(mail, { level: 1 }).ok).toBe(true);
  });

  it('refuse together: whatever git apply refuses for its form or names, checkPatch does not accept', () => {
    const whole = diff('-M').toString('latin1');
    const damaged: string[] = [];
    for (let place = 0; place < whole.length; place += 397)
      damaged.push(whole.slice(0, place), whole.slice(0, place) + whole.slice(place + 1));
    const wrongly = damaged.filter((patch) => {
      const bytes = Buffer.from(patch, 'latin1');
      if (!checkPatch(bytes, { level: 1 }).ok || bytes.length === 0) return false;
      const said = spawnSync('git', ['apply', '--numstat', '-p1'], { cwd: repository, env, input: bytes });
      return said.status !== 0;
    });
    expect(wrongly.map((patch) => patch.slice(-200))).toEqual([]);
  });
});
