import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { describeCommands } from '../command-table.ts';
import { rememberBuilders } from './builder-cache.ts';
import { completionScript } from './completion.ts';

const commands = await describeCommands();

it('knows every command and its flags', () => {
  const script = completionScript('bash', commands, '/c/builders');
  for (const { name } of commands) expect(script).toContain(`    ${name}) flags=`);
  expect(script).toMatch(/ try\) flags='[^']*--builder -b [^']*--no-untracked/);
});

it('completes commands, flags and cached builders in a real bash', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'completion-'));
  await rememberBuilders(dir, ['linux', 'mac', 'evil $(touch x)']);
  const script = completionScript('bash', commands, join(dir, 'builders'));
  const probe = `${script}
COMP_WORDS=(buildbot re); COMP_CWORD=1; _buildbot; echo "\${COMPREPLY[*]}"
COMP_WORDS=(buildbot stop --rea); COMP_CWORD=2; _buildbot; echo "\${COMPREPLY[*]}"
COMP_WORDS=(buildbot workers p); COMP_CWORD=2; _buildbot; echo "\${COMPREPLY[*]}"
COMP_WORDS=(buildbot completion ''); COMP_CWORD=2; _buildbot; echo "\${COMPREPLY[*]}"
COMP_WORDS=(buildbot try -b li); COMP_CWORD=3; _buildbot; echo "\${COMPREPLY[*]}"`;
  const ran = spawnSync('bash', ['-c', probe], { encoding: 'utf8' });
  await rm(dir, { recursive: true });
  expect(ran.stdout.split('\n')).toEqual(['rebuild', '--reason', 'pause', 'bash zsh fish', 'linux', '']);
});

it('offers second words and choices in fish, too', () => {
  const script = completionScript('fish', commands, '/c/builders');
  expect(script).toContain("__fish_seen_subcommand_from workers' -f -a 'kill pause set stop trust unpause'");
  expect(script).toContain("__fish_seen_subcommand_from completion' -f -a 'bash zsh fish'");
});

it('never runs what a name in the cache says, whoever wrote it there', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'completion-'));
  const file = join(dir, 'builders');
  const mark = join(dir, 'it-ran');
  const names = [
    `$(touch ${mark})`,
    `\`touch ${mark}\``,
    `x;touch ${mark}`,
    `a[$(touch ${mark})]`,
    '*',
    'linux',
  ];
  await writeFile(file, names.join('\n'));
  const probe = `${completionScript('bash', commands, file)}
COMP_WORDS=(buildbot try -b ''); COMP_CWORD=3; _buildbot; printf '%s\n' "\${COMPREPLY[@]}"
COMP_WORDS=(buildbot try -b 'a['); COMP_CWORD=3; _buildbot; printf '%s\n' "\${COMPREPLY[@]}"`;
  const ran = spawnSync('bash', ['-c', probe], { encoding: 'utf8', cwd: dir });
  const left = await readdir(dir);
  await rm(dir, { recursive: true });
  expect(left).toEqual(['builders']);
  expect(ran.stdout.trimEnd().split('\n')).toEqual([...names, names[3]]);
});
