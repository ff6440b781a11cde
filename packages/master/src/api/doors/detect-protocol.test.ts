import { Duplex, PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { detectProtocol, protocolOf } from './detect-protocol.ts';

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

function connection() {
  const incoming = new PassThrough();
  return { incoming, socket: Duplex.from({ readable: incoming, writable: new PassThrough() }) };
}

describe('protocolOf', () => {
  it('waits while the bytes fit both, and not a byte longer', () => {
    expect(protocolOf(Buffer.from('P'))).toBeNull();
    expect(protocolOf(Buffer.from('PRI * HTTP/2.0\r'))).toBeNull();
    expect(protocolOf(Buffer.from('PRI * HTTP/2.0\r\n'))).toBe('h2');
    expect(protocolOf(Buffer.from('PO'))).toBe('http1');
    expect(protocolOf(Buffer.from('PRI * HTTP/1.1\r\n'))).toBe('http1');
  });
});

describe('detectProtocol', () => {
  it('puts every byte back, however they arrive', async () => {
    const sent = fc.constantFrom(`${PREFACE}rest`, 'GET / HTTP/1.1\r\n\r\n');
    await fc.assert(
      fc.asyncProperty(
        sent,
        fc.array(fc.integer({ min: 1, max: 10 }), { minLength: 1 }),
        async (text, sizes) => {
          const { incoming, socket } = connection();
          const detected = detectProtocol(socket, 60_000);
          for (let at = 0, i = 0; at < text.length; i++) {
            const size = sizes[i % sizes.length] ?? 1;
            incoming.write(text.slice(at, at + size));
            at += size;
          }
          incoming.end();
          expect(await detected).toBe(text.startsWith('PRI') ? 'h2' : 'http1');
          const got: Buffer[] = [];
          for await (const chunk of socket) got.push(chunk as Buffer);
          expect(Buffer.concat(got).toString()).toBe(text);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('gives up on a connection that ends or stays silent', async () => {
    const ended = connection();
    ended.incoming.end('PRI');
    expect(await detectProtocol(ended.socket, 60_000)).toBeNull();
    expect(await detectProtocol(connection().socket, 1)).toBeNull();
  });
});
