import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isColour, OpenColours } from './sgr.ts';

describe('isColour', () => {
  it.each([
    '',
    '0',
    '1;31',
    '38;5;208',
    '48;2;1;2;255',
    '1;38;2;0;0;0;4',
    '97;107',
    '39;49',
    '58;5;1;59',
    ';;31',
  ])('lets %j through', (parameters) => {
    expect(isColour(parameters)).toBe(true);
  });

  it.each([
    '8',
    '1;8',
    '38',
    '38;5',
    '38;5;256',
    '38;2;1;2',
    '38;9;1',
    '10',
    '26',
    '108',
    '999999999',
    '1;'.repeat(33),
  ])('does not let %j through', (parameters) => {
    expect(isColour(parameters)).toBe(false);
  });

  it('takes an 8 inside of a colour for a part of it', () => {
    expect(isColour('38;5;8')).toBe(true);
    expect(isColour('38;5;8;8')).toBe(false);
  });
});

describe('OpenColours', () => {
  const after = (...all: string[]) => {
    const colours = new OpenColours();
    for (const parameters of all) colours.apply(parameters);
    return colours.toString();
  };

  it.each<[string[], string]>([
    [['31', '1'], '\x1b[31m\x1b[1m'],
    [['31', '0'], ''],
    [['31', ''], ''],
    [['31', '00'], ''],
    [['31', '0;32'], '\x1b[0;32m'],
    [['31', ';1'], '\x1b[;1m'],
  ])('after %j', (all, open) => {
    expect(after(...all)).toBe(open);
  });

  it('stays small whatever is opened, the newest kept', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('31', '1', '38;5;200', '4'), { minLength: 1, maxLength: 200 }),
        (all) => {
          const open = after(...all);
          return open.length <= 16 * 12 && open.endsWith(`\x1b[${all.at(-1)}m`);
        },
      ),
    );
  });
});
