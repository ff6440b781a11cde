import headless from '@xterm/headless';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LogSanitizer, MAX_HELD, sanitizeText } from './log-sanitizer.ts';

const encoder = new TextEncoder();

/** Everything a sanitiser makes of the chunks, colours on unless told. */
function sanitize(chunks: (string | Uint8Array)[], colour = true): string {
  const sanitizer = new LogSanitizer({ colour });
  const out = chunks.map((chunk) =>
    sanitizer.push(typeof chunk === 'string' ? encoder.encode(chunk) : chunk),
  );
  return out.join('') + sanitizer.end();
}

/** Bad inputs 91-98 of reliability.md, and neighbours. */
const HOSTILE = [
  '\x1b]0;owned\x07',
  '\x1b]2;owned\x1b\\',
  '\x1b]8;;file:///etc/passwd\x07click\x1b]8;;\x07',
  '\x1b]52;c;cm0gLXJmIH4=\x07',
  '\x1b]1337;File=name=x:AAAA\x07',
  '\x1b]0;never ends',
  '\x1bP1$r0m\x1b\\',
  '\x1bPq#0;2;0;0;0~-\x1b\\',
  '\x1b_apc\x1b\\',
  '\x1b^pm\x1b\\',
  '\x1bXsos\x1b\\',
  '\x1b[?1049h',
  '\x1b[?25l',
  '\x1b[?1000h\x1b[?2004h',
  '\x1b[2J\x1b[H',
  '\x1b[5;10r',
  '\x1b[10A\x1b[99;99H',
  '\x1b[6n\x1b[c\x1b[5n',
  '\x1b[?1h\x1b=',
  '\x1b[4h',
  '\x1bc',
  '\x1b7\x1b8\x1bM',
  '\x1b(0',
  '\x0e\x0f',
  '\x1b[8mhidden',
  '\x1b[>4;2m',
  '\x1b[4:3m',
  '\x9b31m\x9d0;c1\x9c',
  '\x90q\x9c',
  'a\u202egnp.exe',
  'a\u2066b\u2069',
  'zero\u200bwidth',
  '\b\b\b\x07\v\f\x7f\x00',
];

describe('LogSanitizer keeps', () => {
  it.each([
    ['plain lines', 'one\ntwo\tx\n'],
    ['a last line without an end', 'one\ntwo'],
    ['text of all scripts', 'Größe 漢字 مرحبا ✔\n'],
    ['emoji made of several', '👩‍👩‍👧 🏳️‍🌈\n'],
    [
      'colours',
      '\x1b[31mred\x1b[0m \x1b[1;38;5;208mfail\x1b[m \x1b[38;2;1;2;3;48;2;255;0;0mx\x1b[39;49m\x1b[0m\n',
    ],
    ['nothing', ''],
  ])('%s', (_name, text) => {
    expect(sanitize([text])).toBe(text);
  });

  it('closes a colour that is left open, at the end only', () => {
    expect(sanitize(['\x1b[31mred\nstill'])).toBe('\x1b[31mred\nstill\x1b[0m');
    expect(sanitize(['\x1b[31mred\x1b[0m'])).toBe('\x1b[31mred\x1b[0m');
  });

  it('no colour when asked to leave them out', () => {
    expect(sanitize(['\x1b[31mred\x1b[0m\x1b[8m\n'], false)).toBe('red␛[8m\n');
  });
});

describe('LogSanitizer shows', () => {
  it.each([
    ['an escape sequence', 'a\x1b[2Jb', 'a␛[2Jb'],
    ['a title', '\x1b]0;t\x07', '␛]0;t␇'],
    ['NUL, backspace, delete', '\0\b\x7f', '␀␈␡'],
    ['a C1 control written as UTF-8', '\u009b31m', '<U+009B>31m'],
    ['a bidi override', 'a\u202eb', 'a<U+202E>b'],
    ['a joiner outside of an emoji', 'a\u200db', 'a<U+200D>b'],
    ['text that hides itself', '\x1b[8mx', '␛[8mx'],
    ['a colour longer than any real one', `\x1b[${'1;'.repeat(40)}1mx`, `␛[${'1;'.repeat(40)}1mx`],
    ['an escape that never goes on', 'x\x1b', 'x␛'],
    ['a colour that never ends', 'x\x1b[31', 'x␛[31'],
  ])('%s', (_name, text, shown) => {
    expect(sanitize([text])).toBe(shown);
  });

  it('bytes that are not UTF-8 as U+FFFD, a C1 control as a single byte among them', () => {
    expect(sanitize([Uint8Array.of(0x61, 0xff, 0x9b, 0xc0, 0x80, 0x62)])).toBe('a\ufffd\ufffd\ufffd\ufffdb');
  });

  it('a character cut by a chunk border whole', () => {
    const [first = 0, ...rest] = encoder.encode('漢');
    expect(sanitize([Uint8Array.of(first), Uint8Array.from(rest)])).toBe('漢');
  });
});

describe('LogSanitizer and the carriage return', () => {
  it.each([
    ['ends lines of the other kind', 'a\r\nb\r\r\n', 'a\nb\n'],
    ['replaces the line', ' 10%\r 20%\r100%\ndone', '100%\ndone'],
    ['keeps a last line that it ends', '10%\r20%\r', '20%'],
    ['keeps a line that only a colour follows', 'done\r\x1b[0m\n', 'done\x1b[0m\n'],
    ['keeps the colour in force', '\x1b[31m10%\r20%\x1b[0m\n', '\x1b[31m20%\x1b[0m\n'],
    ['forgets a colour that was taken back', '\x1b[31m10%\x1b[0m\r20%\n', '20%\n'],
    ['obeys erase to the end, as git and npm send it', '10%\x1b[K\r\x1b[Kdone\x1b[K\n', 'done\n'],
    ['leaves an erased line empty', '10%\r\x1b[K\nx', '\nx'],
    ['obeys erase line', '10%\x1b[2K\rdone\n', 'done\n'],
  ])('%s', (_name, text, shown) => {
    expect(sanitize([text])).toBe(shown);
  });

  it('holds 100,000 redraws in the room of one line', () => {
    const sanitizer = new LogSanitizer({ colour: true });
    let out = '';
    for (let count = 0; count < 100_000; count++) out += sanitizer.push(encoder.encode(`\r${count}`));
    expect(out).toBe('');
    expect(sanitizer.end()).toBe('99999');
  });

  it('lets a line past the limit go and turns a carriage return in it into a newline: nothing is lost', () => {
    const long = 'x'.repeat(MAX_HELD + 1);
    const sanitizer = new LogSanitizer({ colour: true });
    expect(sanitizer.push(encoder.encode(long))).toBe(long);
    expect(sanitizer.push(encoder.encode('y\rz\rlast\n'))).toBe('y\nlast\n');
    expect(sanitizer.end()).toBe('');
  });

  it('tells what the unfinished line looks like now', () => {
    const sanitizer = new LogSanitizer({ colour: true });
    expect(sanitizer.push(encoder.encode('ok\n\x1b[33mwaiting'))).toBe('ok\n');
    expect(sanitizer.pending).toBe('\x1b[33mwaiting\x1b[0m');
    expect(sanitizer.push(encoder.encode('\x1b[0m …\n'))).toBe('\x1b[33mwaiting\x1b[0m …\n');
    expect(sanitizer.pending).toBe('');
  });
});

describe('LogSanitizer, whatever comes', () => {
  const bit = fc.oneof(
    fc.uint8Array({ maxLength: 12 }),
    fc
      .constantFrom(
        ...HOSTILE,
        '\r',
        '\n',
        '\r\n',
        '\x1b',
        '\x1b[',
        '\x1b[31m',
        '\x1b[0m',
        '\x1b[K',
        '\x1b[2K',
        '漢',
        '👩\u200d👧',
        'text',
        'x'.repeat(9000),
      )
      .map((text) => encoder.encode(text)),
  );
  const stream = fc.array(bit, { maxLength: 20 }).map((bits) => Buffer.concat(bits));

  it('gives only text, newline, tab and colours, in every piece and both ways', () => {
    const harmless =
      /^(?:[^\p{Control}\p{Bidi_Control}\p{Zl}\p{Zp}\p{Surrogate}\u200b]|[\n\t]|\x1b\[[0-9;]{0,64}m)*$/u;
    fc.assert(
      fc.property(stream, stream, fc.boolean(), (first, second, colour) => {
        const sanitizer = new LogSanitizer({ colour });
        const pieces = [
          sanitizer.push(first),
          sanitizer.pending,
          sanitizer.push(second),
          sanitizer.pending,
          sanitizer.end(),
        ];
        return pieces.every((piece) => harmless.test(piece) && (colour || !piece.includes('\x1b')));
      }),
    );
  });

  it('does not depend on where the bytes are cut', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(), { maxLength: 8 }), (bytes, places) => {
        const cuts = [
          0,
          ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b),
          bytes.length,
        ];
        const chunks = cuts.slice(1).map((end, index) => bytes.subarray(cuts[index], end));
        expect(sanitize(chunks)).toBe(sanitize([bytes]));
      }),
      { numRuns: 500 },
    );
  });

  it('does not depend on it when each byte comes alone', () => {
    for (const text of [...HOSTILE, HOSTILE.join('text\r'), '\x1b[31ma\rb\x1b[0m\r\nc👩\u200d👧']) {
      const bytes = encoder.encode(text);
      expect(sanitize([...bytes].map((byte) => Uint8Array.of(byte)))).toBe(sanitize([bytes]));
    }
  });

  it('loses no character but those that a carriage return or an erase replaced', () => {
    const lines = fc.string({ unit: fc.constantFrom('a', 'é', '漢', '\n', '\t', ' ', '\u0007') });
    fc.assert(
      fc.property(lines, (text) => {
        expect(sanitizeText(text, { colour: true })).toBe(text.replaceAll('\u0007', '␇'));
      }),
    );
  });

  it('starts anew after the end', () => {
    const sanitizer = new LogSanitizer({ colour: true });
    sanitizer.push(encoder.encode('\x1b[31mx\r'));
    sanitizer.end();
    expect(sanitizer.push(encoder.encode('y\n')) + sanitizer.end()).toBe('y\n');
  });
});

describe('LogSanitizer before a real terminal model', () => {
  it('leaves title, modes, cursor, scroll region, character set and input untouched by the hostile corpus', async () => {
    const terminal = new headless.Terminal({
      cols: 200,
      rows: 100,
      allowProposedApi: true,
      convertEol: true,
    });
    const touched: string[] = [];
    terminal.onTitleChange((title) => touched.push(`title ${title}`));
    terminal.onData((data) => touched.push(`input ${data}`));
    terminal.onBell(() => touched.push('bell'));
    for (const code of [0, 8, 52, 1337]) {
      terminal.parser.registerOscHandler(code, () => touched.push(`osc ${code}`) > 0);
    }
    const modesBefore = { ...terminal.modes };
    const lines = HOSTILE.map((text) => sanitize([`<${text}>\n`]));
    await new Promise<void>((resolve) => terminal.write(lines.join(''), resolve));

    expect(touched).toEqual([]);
    expect({ ...terminal.modes }).toEqual(modesBefore);
    expect(terminal.buffer.active.type).toBe('normal');
    expect(terminal.buffer.active.cursorX).toBe(0);
    expect(terminal.buffer.active.cursorY).toBe(HOSTILE.length);
    for (const [row, line] of lines.entries()) {
      const shown = terminal.buffer.active.getLine(row);
      expect(shown?.translateToString(true)).toBe(line.replace(/\x1b\[[0-9;]*m|\n/g, ''));
      expect(shown?.getCell(0)?.isFgDefault()).toBe(true);
    }
    terminal.dispose();
  });

  it('the same corpus unsanitised does touch it, or the test above shows nothing', async () => {
    const terminal = new headless.Terminal({ cols: 200, rows: 100, allowProposedApi: true });
    const touched: string[] = [];
    terminal.onTitleChange((title) => touched.push(title));
    terminal.onData((data) => touched.push(data));
    await new Promise<void>((resolve) => terminal.write('\x1b]0;owned\x07\x1b[6n\x1b[?1049h', resolve));
    expect(touched).toHaveLength(2);
    expect(terminal.buffer.active.type).toBe('alternate');
    terminal.dispose();
  });
});
