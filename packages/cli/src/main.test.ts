import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { main as runMain } from './main.ts';

const main = (argv: readonly string[]) => runMain(argv, new URL('../', import.meta.url));

describe('the command line', () => {
  let said: string;
  beforeEach(() => {
    said = '';
    const take = (chunk: string | Uint8Array) => {
      said += String(chunk);
      return true;
    };
    vi.spyOn(process.stdout, 'write').mockImplementation(take);
    vi.spyOn(process.stderr, 'write').mockImplementation(take);
  });
  afterEach(() => vi.restoreAllMocks());

  it.each([
    [['tri'], "Did you mean 'buildbot try'?"],
    [['\u001b[2J'], "there is no command '␛[2J'"],
    [['try', '--nope'], 'Nonexistent flag: --nope'],
    [['try', '--builder='], '--builder must not be empty'],
    [['try', '--port', 'x'], 'Expected an integer'],
    [['try', '--json', '--events'], '--events'],
    [['log'], 'Missing 1 required arg'],
    [['log', '../x/y/z', '--api', 'unix:/nope'], 'names no build'],
    [['watch', '0'], 'is not the number of a try'],
    [['cancel', 'x'], 'is not the id of a build request'],
    [['stop', '1', '--api', 'ftp://x'], 'not an address'],
    [['try', '--property', 'novalue'], 'is no property'],
    [['completion', 'powershell'], 'powershell'],
  ])('ends %j with 2 and a reason', async (argv, reason) => {
    expect(await main(argv)).toBe(2);
    expect(said).toContain(reason);
    expect(said).not.toContain('This is a bug');
    expect(said).not.toContain('\u001b[2J');
  });

  it('ends with 4 when the master cannot be reached', async () => {
    expect(await main(['builders', '--api', 'unix:/nowhere/master.sock'])).toBe(4);
    expect(said).toContain('ENOENT');
  });

  it('sends @file as it is, never what the file holds', async () => {
    expect(await main(['try', '--dryrun', '--diff', '/dev/null', '--property', 'c=@/etc/passwd'])).toBe(0);
    expect(said).toContain('c=@/etc/passwd');
    expect(said).not.toContain('root:');
  });

  it('says its version', async () => {
    expect(await main(['--version'])).toBe(0);
    expect(said).toMatch(/^buildbot \d+\.\d+\.\d+\n$/);
  });
});
