/** The format of known_hosts, with OpenSSH's own ssh-keygen as the judge of which line is about which host. */

import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  fingerprintOf,
  formatKnownHost,
  isAbout,
  judgeHostKey,
  keyTypeOf,
  knownHostsNames,
  knownKeyTypes,
  parseKnownHosts,
} from './known-hosts.ts';

const run = promisify(execFile);

/** A key in wire format: its type, then anything. */
function keyOf(type: string, content: string): Buffer {
  const field = (text: string) =>
    Buffer.concat([Buffer.from([0, 0, 0, text.length]), Buffer.from(text, 'latin1')]);
  return Buffer.concat([field(type), field(content)]);
}

const ED25519 = keyOf('ssh-ed25519', 'one');
const OTHER = keyOf('ssh-ed25519', 'two');
const ECDSA = keyOf('ecdsa-sha2-nistp256', 'three');

const line = (hosts: string, key: Buffer) => `${hosts} ${keyTypeOf(key)} ${key.toString('base64')}`;

describe('reading', () => {
  test('counts lines from 1 and passes over what is no entry', () => {
    const text = [
      '# comment',
      '',
      '   ',
      'host',
      'host ssh-ed25519',
      `@new ${line('h', ED25519)}`,
      line('h', ED25519),
    ];
    expect(parseKnownHosts(text.join('\n'), 'file').map(({ at }) => at)).toEqual([{ file: 'file', line: 7 }]);
  });

  test('takes no key whose content is of another type than the line says', () => {
    expect(parseKnownHosts(`h ssh-rsa ${ED25519.toString('base64')}`, 'file')).toEqual([]);
  });

  test('reads lines with CRLF, tabs and comments', () => {
    const [entry] = parseKnownHosts(
      `@revoked\t${line('a,b', ED25519).replaceAll(' ', '\t')} me@laptop\r\n`,
      'f',
    );
    expect(entry).toMatchObject({ marker: 'revoked', hosts: 'a,b', keyType: 'ssh-ed25519' });
    expect(entry?.key.equals(ED25519)).toBe(true);
  });

  test('survives any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), fc.string(), (bytes, name) => {
        const entries = parseKnownHosts(Buffer.from(bytes).toString('latin1'), 'file');
        judgeHostKey(entries, [name], Buffer.from(bytes));
        isAbout(Buffer.from(bytes).toString('latin1'), name);
      }),
    );
  });

  test('takes nothing unprintable for the name of a type', () => {
    expect(keyTypeOf(keyOf('ssh\x1b[2J', ''))).toBeUndefined();
    expect(keyTypeOf(Buffer.from([0, 0, 0, 9, 1]))).toBeUndefined();
    expect(keyTypeOf(Buffer.alloc(0))).toBeUndefined();
  });
});

describe('names', () => {
  test('come with their port unless it is 22, the plain name last', () => {
    const host = { hostname: 'Build.Example', hostKeyAlias: undefined };
    expect(knownHostsNames({ ...host, port: 22 })).toEqual(['build.example']);
    expect(knownHostsNames({ ...host, port: 2222 })).toEqual(['[build.example]:2222', 'build.example']);
    expect(knownHostsNames({ ...host, port: 2222, hostKeyAlias: 'Farm' })).toEqual(['farm']);
  });

  test.each([
    ['host', 'host', true],
    ['HOST', 'host', true],
    ['*', 'anything', true],
    ['*.example', 'a.b.example', true],
    ['*.example', 'example', false],
    ['h?st', 'host', true],
    ['h?st', 'hst', false],
    ['a,b', 'b', true],
    ['*,!b', 'b', false],
    ['!b,*', 'b', false],
    ['!b', 'a', false],
    ['[h]:1', 'h', false],
    ['h', '[h]:1', false],
    ['h*', '', false],
    ['|1|', 'h', false],
    ['|2|YQ==|YQ==', 'h', false],
  ])('%s is about %s: %s', (hosts, name, expected) => {
    expect(isAbout(hosts, name)).toBe(expected);
  });

  test('match as they do in OpenSSH', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'known-hosts-'));
    onTestFinished(() => rm(dir, { recursive: true, force: true }));
    const file = join(dir, 'known_hosts');
    const { stdout } = await run('sh', [
      '-c',
      `ssh-keygen -q -t ed25519 -N '' -f ${dir}/k && cat ${dir}/k.pub`,
    ]);
    const piece = fc.constantFrom('a', 'b', '*', '?', 'A');
    const pattern = fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join(''));
    const negatable = fc
      .tuple(fc.boolean(), pattern)
      .map(([isNegated, text]) => (isNegated ? `!${text}` : text));
    const hosts = fc.array(negatable, { minLength: 1, maxLength: 4 }).map((patterns) => patterns.join(','));
    const name = fc
      .array(fc.constantFrom('a', 'b'), { minLength: 1, maxLength: 5 })
      .map((pieces) => pieces.join(''));
    await fc.assert(
      fc.asyncProperty(hosts, name, async (listed, asked) => {
        await writeFile(file, `${listed} ${stdout}`);
        const found = await run('ssh-keygen', ['-F', asked, '-f', file]).then(
          () => true,
          () => false,
        );
        expect(isAbout(listed, asked)).toBe(found);
      }),
      { numRuns: 60 },
    );
  });

  test('stay quick to compare, whatever a line holds', () => {
    expect(isAbout(`${'*a'.repeat(2000)}b`, 'a'.repeat(2000))).toBe(false);
  });
});

describe('judging', () => {
  const judge = (lines: readonly string[], key: Buffer, names = ['h']) =>
    judgeHostKey(parseKnownHosts(lines.join('\n'), 'file'), names, key);

  test('knows a key that any line has', () => {
    expect(judge([line('h', OTHER), line('h', ED25519)], ED25519)).toEqual({ kind: 'known' });
  });

  test('calls a key changed where a line has another of its type', () => {
    const verdict = judge([line('x', ED25519), line('h', OTHER)], ED25519);
    expect(verdict).toMatchObject({ kind: 'changed', expected: { at: { file: 'file', line: 2 } } });
  });

  test('calls a key of a new type unknown, and tells what is known', () => {
    const verdict = judge([line('h', ECDSA)], ED25519);
    expect(verdict).toMatchObject({ kind: 'unknown', otherTypes: [{ keyType: 'ecdsa-sha2-nistp256' }] });
  });

  test('puts a revocation above everything', () => {
    const revoked = `@revoked h ${line('', ED25519).trim()}`;
    expect(judge([line('h', ED25519), revoked], ED25519)).toMatchObject({ kind: 'revoked', at: { line: 2 } });
    expect(judge([line('[h]:1', ED25519), revoked], ED25519, ['[h]:1', 'h'])).toMatchObject({
      kind: 'revoked',
    });
    expect(judge([line('h', OTHER), revoked], OTHER)).toEqual({ kind: 'known' });
  });

  test('never takes the key of a certificate authority for the key of the host', () => {
    expect(judge([`@cert-authority h ${line('', ED25519).trim()}`], ED25519)).toMatchObject({
      kind: 'unknown',
      authorities: [{ at: { line: 1 } }],
    });
  });

  test('lets the plain name vouch for any port, and blames no other port for being different', () => {
    expect(judge([line('h', ED25519)], ED25519, ['[h]:1', 'h'])).toEqual({ kind: 'known' });
    expect(judge([line('h', OTHER)], ED25519, ['[h]:1', 'h'])).toMatchObject({ kind: 'unknown' });
  });

  test('lists the types that are known, each once', () => {
    const entries = parseKnownHosts(
      [line('h', ECDSA), line('h', ED25519), line('h', OTHER)].join('\n'),
      'file',
    );
    expect(knownKeyTypes(entries, ['[h]:1', 'h'])).toEqual(['ecdsa-sha2-nistp256', 'ssh-ed25519']);
    expect(knownKeyTypes(entries, ['x'])).toEqual([]);
  });
});

describe('writing', () => {
  test('is read back as known, hashed or not', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-z0-9.-]{1,30}$/),
        fc.option(fc.uint8Array({ minLength: 20, maxLength: 20 })),
        (name, salt) => {
          const written = formatKnownHost(name, ED25519, salt ? Buffer.from(salt) : undefined);
          expect(judgeHostKey(parseKnownHosts(written, 'f'), [name], ED25519)).toEqual({ kind: 'known' });
          expect(written.startsWith(`${name} `)).toBe(salt === null);
        },
      ),
    );
  });

  test('prints fingerprints without padding', () => {
    expect(fingerprintOf(ED25519)).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
  });
});
