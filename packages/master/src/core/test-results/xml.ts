/**
 * As much of XML as reports need, read in pieces: elements, attributes and text. There are no declarations, so there are no
 * entities but those every document has; what is not well-formed is passed over. Nothing is kept but the tag being read.
 */

export interface XmlEvents {
  open(name: string, attributes: Readonly<Record<string, string>>): void;
  close(name: string): void;
  text(text: string): void;
}

/** Units of a tag that are kept; the attributes of a longer one are cut there. */
const MOST_TAG = 65_536;
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const ENTITY = /&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(amp|lt|gt|quot|apos));/g;
const NAME = /^\/?([A-Za-z_][\w.:-]{0,200})/;
const ATTRIBUTE = /\s([A-Za-z_][\w.:-]{0,200})\s{0,20}=\s{0,20}(?:"([^"]*)"|'([^']*)')/g;
/** How what is passed over, or taken as it stands, begins and ends. */
const BLOCKS = [
  { begin: '<!--', end: '-->' },
  { begin: '<![CDATA[', end: ']]>' },
  { begin: '<?', end: '?>' },
  { begin: '<!', end: '>' },
] as const;

type Mode = { in: 'text' } | { in: 'tag'; quote: string | null } | { in: 'block'; end: string };

export class XmlReader {
  readonly #events: XmlEvents;
  #mode: Mode = { in: 'text' };
  /** Too short yet to tell what it is. */
  #held = '';
  #tag = '';

  constructor(events: XmlEvents) {
    this.#events = events;
  }

  push(piece: string): void {
    const text = this.#held + piece;
    this.#held = '';
    for (let at = 0; at < text.length; ) {
      const mode = this.#mode;
      if (mode.in === 'tag') at = this.#inTag(text, at, mode);
      else at = mode.in === 'block' ? this.#inBlock(text, at, mode.end) : this.#inText(text, at);
    }
  }

  #inText(text: string, at: number): number {
    const next = text.indexOf('<', at);
    if (next > at) this.#events.text(decode(text.slice(at, next)));
    if (next < 0) return this.#lastText(text.slice(at), text.length);
    const rest = text.slice(next, next + 9);
    const block = BLOCKS.find(({ begin }) => rest.startsWith(begin));
    const isUndecided = rest.length < 9 && BLOCKS.some(({ begin }) => begin.startsWith(rest));
    if (isUndecided || (rest.length < 9 && '<![CDATA['.startsWith(rest))) {
      this.#held = text.slice(next);
      return text.length;
    }
    if (block === undefined) {
      this.#mode = { in: 'tag', quote: null };
      this.#tag = '';
      return next + 1;
    }
    this.#mode = { in: 'block', end: block.end };
    return next + block.begin.length;
  }

  /** An entity that is cut waits for its other half. */
  #lastText(rest: string, end: number): number {
    const cut = /&[#\w]{0,8}$/.exec(rest)?.index ?? rest.length;
    if (cut > 0) this.#events.text(decode(rest.slice(0, cut)));
    this.#held = rest.slice(cut);
    return end;
  }

  #inTag(text: string, at: number, { quote }: { quote: string | null }): number {
    const pattern = quote === null ? /["'>]/g : quote === '"' ? /"/g : /'/g;
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    const end = found?.index ?? text.length;
    this.#keep(text.slice(at, end));
    if (found === null) return end;
    if (found[0] === '>') this.#tagEnd();
    else {
      this.#keep(found[0]);
      this.#mode = { in: 'tag', quote: quote === null ? found[0] : null };
    }
    return end + 1;
  }

  /** What closes the tag is kept beyond the limit. */
  #keep(part: string): void {
    const room = MOST_TAG - this.#tag.length;
    if (room > 0) this.#tag += part.slice(0, room);
    else if (part.endsWith('/')) this.#tag = `${this.#tag.slice(0, MOST_TAG - 2)}"/`;
  }

  #tagEnd(): void {
    const tag = this.#tag;
    this.#mode = { in: 'text' };
    const name = NAME.exec(tag)?.[1];
    if (name === undefined) return;
    if (tag.startsWith('/')) this.#events.close(name);
    else this.#opened(name, tag);
  }

  #opened(name: string, tag: string): void {
    const attributes: Record<string, string> = Object.create(null);
    for (const [, key = '', double, single] of tag.matchAll(ATTRIBUTE))
      attributes[key] ??= decode(double ?? single ?? '');
    this.#events.open(name, attributes);
    if (tag.endsWith('/')) this.#events.close(name);
  }

  #inBlock(text: string, at: number, end: string): number {
    const found = text.indexOf(end, at);
    const isText = end === ']]>';
    if (found >= 0) {
      if (isText && found > at) this.#events.text(text.slice(at, found));
      this.#mode = { in: 'text' };
      return found + end.length;
    }
    const cut = Math.max(at, text.length - end.length + 1);
    if (isText && cut > at) this.#events.text(text.slice(at, cut));
    this.#held = text.slice(cut);
    return text.length;
  }
}

function decode(text: string): string {
  if (!text.includes('&')) return text;
  return text.replaceAll(ENTITY, (whole, decimal, hex, name) => {
    if (name !== undefined) return ENTITIES[name] ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
