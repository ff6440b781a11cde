/**
 * Which protocol a connection speaks, seen from its first bytes: HTTP/2 with prior knowledge begins with a preface that
 * no HTTP/1 request can begin with. The bytes are put back before the connection is handed on.
 */
import type { Duplex } from 'node:stream';

export type Protocol = 'h2' | 'http1';

/** RFC 9113, section 3.4; the rest of the preface is the HTTP/2 side's own business. */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n');

/** `null` while the bytes still fit both. */
export function protocolOf(start: Buffer): Protocol | null {
  const length = Math.min(start.length, PREFACE.length);
  if (!start.subarray(0, length).equals(PREFACE.subarray(0, length))) return 'http1';
  return length === PREFACE.length ? 'h2' : null;
}

/** Resolves with `null` when the connection ends, fails or stays silent for `timeoutMs` before it is known. */
export function detectProtocol(socket: Duplex, timeoutMs: number): Promise<Protocol | null> {
  return new Promise((resolve) => {
    let start = Buffer.alloc(0);
    const settle = (protocol: Protocol | null) => {
      clearTimeout(timer);
      socket.off('readable', onReadable);
      socket.off('end', onEnd);
      socket.off('close', onEnd);
      socket.off('error', onEnd);
      if (protocol !== null) socket.unshift(start);
      resolve(protocol);
    };
    const onEnd = () => settle(null);
    const onReadable = () => {
      for (let chunk = socket.read(); chunk !== null; chunk = socket.read())
        start = Buffer.concat([start, chunk]);
      const protocol = start.length === 0 ? null : protocolOf(start);
      if (protocol !== null) settle(protocol);
    };
    const timer = setTimeout(onEnd, timeoutMs);
    socket.on('readable', onReadable);
    socket.on('end', onEnd);
    socket.on('close', onEnd);
    socket.on('error', onEnd);
  });
}
