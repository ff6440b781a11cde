import { expect, test } from 'vitest';
import { parseIndexListing } from './index-listing.ts';

const ID = '1'.repeat(40);

test('only the entries that need a second look are listed', () => {
  const output = [
    `H 100644 ${ID} 0\tplain`,
    `H 120000 ${ID} 0\tlink`,
    `H 160000 ${ID} 0\tsub module`,
    `h 100644 ${ID} 0\tassumed`,
    `S 100644 ${ID} 0\tskipped`,
    `s 100755 ${ID} 0\tboth`,
    `M 100644 ${ID} 1\tconflict`,
    '',
  ].join('\0');
  expect(parseIndexListing(Buffer.from(output))).toEqual({
    gitlinks: ['sub module'],
    assumeUnchanged: ['assumed', 'both'],
    skipWorktree: ['skipped', 'both'],
  });
});

test('an empty index has none', () => {
  expect(parseIndexListing(Buffer.alloc(0))).toEqual({ gitlinks: [], assumeUnchanged: [], skipWorktree: [] });
});
