/** What `checkconfig` looks for beside the file itself. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { main } from './cli.ts';

function makeBasedir(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'checkconfig-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'master.yaml'), text);
  return folder;
}

async function checkconfig(basedir: string): Promise<string[]> {
  const lines: string[] = [];
  const out = (line: string) => void lines.push(line);
  const environment = { out, note: out, bin: '', cwd: basedir, version: '0', exit: () => undefined };
  await main(['checkconfig', basedir], environment);
  return lines;
}

test('a folder of the web UI must have its first page', async () => {
  const basedir = makeBasedir('www: { ui: pages }\n');
  await expect(checkconfig(basedir)).rejects.toThrow(/www\.ui: there is no index\.html in .*pages/);
  mkdirSync(join(basedir, 'pages'));
  writeFileSync(join(basedir, 'pages', 'index.html'), '');
  expect(await checkconfig(basedir)).toEqual([expect.stringContaining('good: ')]);
});
