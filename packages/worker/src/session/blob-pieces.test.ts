import { expect, test } from 'vitest';
import { BlobPieces } from './blob-pieces.ts';

const piece = (offset: number) => ({ key: '1.1.0.0', blob: 'p', offset, length: 3 });
const frame = (offset: number) => ({ type: 'blob', key: '1.1.0.0', blob: 'p', offset }) as const;

test('a piece that was asked for over a connection that died is asked for again', async () => {
  const pieces = new BlobPieces();
  const asked: string[] = [];
  const fetched = pieces.fetch(piece(0), new AbortController().signal);
  pieces.connected(({ offset }) => asked.push(`first ${offset}`));
  pieces.connected(null);
  pieces.connected(({ offset }) => asked.push(`second ${offset}`));
  pieces.arrived(frame(3), new Uint8Array([9]));
  pieces.arrived(frame(0), new Uint8Array([1, 2, 3]));
  expect(await fetched).toEqual(new Uint8Array([1, 2, 3]));
  expect(asked).toEqual(['first 0', 'second 0']);
});

test('a command that is ended stops waiting', async () => {
  const pieces = new BlobPieces();
  const abort = new AbortController();
  const fetched = pieces.fetch(piece(0), abort.signal);
  abort.abort('stopped');
  await expect(fetched).rejects.toThrow('no longer wanted');
});
