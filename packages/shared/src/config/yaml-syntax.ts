/** What a YAML parser objects to, in words of our own with the parser's beside them. */
import type { ErrorCode, YAMLError } from 'yaml';

export interface SyntaxFault {
  /** Where in the text, in UTF-16 units. */
  offset: number;
  message: string;
  hint: string;
}

/** The first few faults: what follows them is mostly their echo. */
export function syntaxFaults(errors: readonly YAMLError[]): SyntaxFault[] {
  const deep = errors.find(({ message }) => message.includes('call stack'));
  if (deep !== undefined) return [{ offset: deep.pos[0], message: 'nested too deeply', hint: '' }];
  return errors.slice(0, 3).map(({ code, pos, message }) => ({
    offset: pos[0],
    message: SYNTAX[code] ?? NOT_YAML,
    hint: `The YAML parser: ${message}`,
  }));
}

const NOT_YAML = 'this cannot be read as YAML (key: value, one in a line)';

const SYNTAX: Readonly<Partial<Record<ErrorCode, string>>> = {
  TAB_AS_INDENT: 'a tab is no indentation: indent with spaces',
  BAD_INDENT: 'a bracket is not closed, or the indentation does not fit the lines above',
  DUPLICATE_KEY: 'a key is given twice',
  MISSING_CHAR: 'a quote, bracket or colon is missing',
  MULTIPLE_DOCS: 'more than one document: a line of --- has no place here',
  NON_STRING_KEY: 'a key must be a text',
  BAD_ALIAS: 'an alias that no anchor stands for',
  TAG_RESOLVE_FAILED: 'a tag is refused: a file of data needs none',
};
