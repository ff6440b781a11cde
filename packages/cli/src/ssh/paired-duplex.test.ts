/** Pairing output and input, with a stand-in program made of two streams. */

import { once } from 'node:events';
import { PassThrough, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { PairedDuplex } from './paired-duplex.ts';

function setup(
  endedBy: () => Promise<Error | undefined> = async () => undefined,
  sink: Writable = new PassThrough(),
) {
  const source = new PassThrough();
  let destroyed = 0;
  const duplex = new PairedDuplex({ source, sink, endedBy, onDestroy: () => (destroyed += 1) });
  return { source, sink, duplex, destroyed: () => destroyed };
}

test('carries input and end of file to the program', async () => {
  const sink = new PassThrough();
  const { duplex } = setup(undefined, sink);
  const input = text(sink);
  duplex.write('a');
  duplex.end('b');
  expect(await input).toBe('ab');
});

test('can still be written to after the output has ended', async () => {
  const sink = new PassThrough();
  const { source, duplex } = setup(undefined, sink);
  source.end('answer');
  expect(await text(duplex)).toBe('answer');
  const input = text(sink);
  duplex.end('late');
  expect(await input).toBe('late');
});

test('accepts no more than its buffer while the program reads nothing', async () => {
  const stuck = new Writable({ write: () => {} });
  const { duplex } = setup(undefined, stuck);
  let isRoom = true;
  for (let writes = 0; isRoom && writes < 1000; writes += 1) isRoom = duplex.write(Buffer.alloc(16_384));
  expect(isRoom).toBe(false);
});

test('stops reading the program while nobody reads its output', async () => {
  const { source } = setup();
  let isRoom = true;
  for (let writes = 0; isRoom && writes < 1000; writes += 1) {
    isRoom = source.write(Buffer.alloc(16_384));
    await new Promise(setImmediate);
  }
  expect(isRoom).toBe(false);
});

test('gives all output that arrived and then the error that cut it short', async () => {
  const { source, duplex } = setup(async () => new Error('cut'));
  source.end('half');
  let output = '';
  duplex.on('data', (chunk) => {
    output += chunk;
  });
  const [error] = await once(duplex, 'error');
  expect(output).toBe('half');
  expect(error.message).toBe('cut');
});

test('drops what a program that is gone would have read, and keeps its answer', async () => {
  const sink = new Writable({ write: (_chunk, _encoding, done) => done(new Error('EPIPE')) });
  const { source, duplex } = setup(undefined, sink);
  const gone = new Promise((resolve) => sink.once('close', resolve));
  duplex.write('job');
  await gone;
  duplex.end('more of it');
  await once(duplex, 'finish');
  source.end('refused');
  expect(await text(duplex)).toBe('refused');
});

test('lets go of a write that the program will never take when it is gone', async () => {
  const stuck = new Writable({ write: () => {} });
  const { duplex } = setup(undefined, stuck);
  const written = new Promise((resolve) => duplex.write('x', resolve));
  stuck.destroy();
  expect(await written).toBeFalsy();
});

test('tells once that it was destroyed', async () => {
  const { duplex, destroyed } = setup();
  duplex.destroy();
  duplex.destroy();
  await once(duplex, 'close');
  expect(destroyed()).toBe(1);
});

test('is destroyed by itself when both directions have ended', async () => {
  const { source, duplex, destroyed } = setup();
  source.end();
  duplex.end();
  duplex.resume();
  await once(duplex, 'close');
  expect(destroyed()).toBe(1);
});
