import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { main as runMain } from './main.ts';

const main = (argv: readonly string[]) => runMain(argv, new URL('../', import.meta.url));

describe('the command line', () => {
  let said: string;
  let out: string;
  beforeEach(() => {
    said = '';
    out = '';
    const take = (chunk: string | Uint8Array) => {
      said += String(chunk);
      return true;
    };
    vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
      out += String(chunk);
      return take(chunk);
    });
    vi.spyOn(process.stderr, 'write').mockImplementation(take);
  });
  afterEach(() => vi.restoreAllMocks());

  it.each([
    [['tri'], "Did you mean 'buildbot try'?"],
    [['\u001b[2J'], "there is no command '␛[2J'"],
    [['try', '--nope'], "buildbot try has no flag --nope\n'buildbot try --help' lists its flags."],
    [['try', '--buildr', 'x'], "has no flag --buildr\nDid you mean --builder? 'buildbot try --help' lists"],
    [['workers', 'set', '--rason=x'], 'buildbot workers set has no flag --rason\nDid you mean --reason?'],
    [['try', '--no-wiat'], 'Did you mean --no-wait?'],
    [['try', '--port', 'x'], "See 'buildbot try --help'.\n"],
    [['try', '--builder='], '--builder must not be empty'],
    [['try', '--port', 'x'], 'Expected an integer'],
    [['try', '--json', '--events'], '--events'],
    [['log'], 'Missing 1 required arg'],
    [['log', '../x/y/z', '--api', 'unix:/nope'], 'names no build'],
    [['watch', '0'], 'is not the number of a try'],
    [['cancel', 'a/b'], 'names no build'],
    [['stop', '1', '--api', 'ftp://x'], 'not an address'],
    [['try', '--property', 'novalue'], 'is no property'],
    [['completion', 'powershell'], 'powershell'],
  ])('ends %j with 2 and a reason', async (argv, reason) => {
    expect(await main(argv)).toBe(2);
    expect(said).toContain(reason);
    expect(said).not.toContain('This is a bug');
    expect(said).not.toContain('See more help');
    expect(said).not.toContain('\u001b[2J');
  });

  describe.each([
    [['try', '--nope'], 2, 'buildbot try has no flag --nope'],
    [['try', '--builder='], 2, '--builder must not be empty'],
    [['try', '--connect=pb'], 2, 'is not spoken by this client'],
    [['watch', '7', '--api', 'ftp://x'], 2, 'not an address'],
  ])('tells scripts how %j ended', (argv, exitCode, reason) => {
    const message = expect.stringContaining(reason);
    it('as the one object of --json', async () => {
      expect(await main([...argv, '--json'])).toBe(exitCode);
      const error = { message };
      expect(JSON.parse(out)).toMatchObject({ schema: 'buildbot.try/1', exitCode, error, builds: [] });
      expect(said.split('error: ')).toHaveLength(2);
    });

    it('as the last event of --events', async () => {
      expect(await main([...argv, '--events'])).toBe(exitCode);
      const last = JSON.parse(out.trim().split('\n').at(-1) ?? '');
      expect(last).toMatchObject({
        schema: 'buildbot.try.event/1',
        event: 'finished',
        exitCode,
        text: message,
      });
      expect(said.split('error: ')).toHaveLength(2);
    });
  });

  it.each(['--json', '--events'])(
    'tells scripts how a dry run failed, in its own schema, with %s',
    async (form) => {
      expect(await main(['try', '--dryrun', '--diff', '/nowhere/x.diff', form])).toBe(2);
      expect(JSON.parse(out)).toMatchObject({
        schema: 'buildbot.try.dryrun/1',
        exitCode: 2,
        error: { message: expect.stringContaining('does not exist') },
      });
    },
  );

  it('tells scripts how watching the farm failed, in its own schema', async () => {
    expect(await main(['watch', '--api', 'ftp://x', '--json'])).toBe(2);
    expect(JSON.parse(out)).toMatchObject({ schema: 'buildbot.watch/1', exitCode: 2, error: {} });
    out = '';
    expect(await main(['watch', '--api', 'ftp://x', '--events'])).toBe(2);
    expect(JSON.parse(out)).toMatchObject({ schema: 'buildbot.watch.event/1', event: 'finished' });
  });

  it('tells people on stderr alone', async () => {
    expect(await main(['try', '--builder='])).toBe(2);
    expect(out).toBe('');
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
