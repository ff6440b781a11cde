/**
 * A YAML file as data with positions: YAML 1.2 core schema, at most 1 MiB, a bounded number of aliases, no tags of
 * other languages and no merge keys, so that a configuration cannot be a bomb.
 */
import type { Document, LineCounter, Node, Pair } from 'yaml';
import { messageOf } from '../errors.ts';
import type { FileProblem, Position } from './file-problem.ts';
import { syntaxFaults } from './yaml-syntax.ts';

const MAX_LENGTH = 1024 * 1024;
const MAX_ALIASES = 100;

type Yaml = typeof import('yaml');
type Path = readonly PropertyKey[];

export interface YamlSource {
  data: unknown;
  /** Where a value stands; of a missing one, its nearest parent that is there. */
  locate(path: Path): Position;
  /** Where a key itself stands. */
  locateKey(path: Path): Position;
}

/** Read YAML text; problems instead of data when it is not well-formed. */
export async function readYaml(
  text: string,
  file: string,
): Promise<{ source: YamlSource } | { problems: FileProblem[] }> {
  if (text.length > MAX_LENGTH) {
    return { problems: [problem(file, null, `${text.length} characters are too many: the limit is 1 MiB`)] };
  }
  // A program that has no file to read does not load the parser: it takes 35 ms (2026-11).
  const yaml = await import('yaml');
  const lines = new yaml.LineCounter();
  const document = yaml.parseDocument(text.replace(/^\uFEFF/, ''), {
    lineCounter: lines,
    prettyErrors: false,
    schema: 'core',
    merge: false,
    uniqueKeys: true,
  });
  const faults = syntaxFaults([...document.errors, ...document.warnings]);
  if (faults.length > 0) {
    return {
      problems: faults.map(({ offset, message, hint }) =>
        problem(file, positionOf(lines, offset), message, hint),
      ),
    };
  }
  try {
    const data = document.toJS({ maxAliasCount: MAX_ALIASES }) ?? {};
    return { source: { data, ...placesIn(yaml, document, lines) } };
  } catch (error) {
    return { problems: [problem(file, null, 'too many aliases', messageOf(error))] };
  }
}

function problem(file: string, position: Position | null, message: string, hint = ''): FileProblem {
  const { line, column } = position ?? { line: null, column: null };
  return { file, line, column, path: '', message, hint: hint === '' ? null : hint };
}

function positionOf(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

function placesIn(yaml: Yaml, document: Document.Parsed, lines: LineCounter): Omit<YamlSource, 'data'> {
  const walk = (path: Path, wantKey: boolean): Position => {
    let node: unknown = document.contents;
    let best = offsetOf(node) ?? 0;
    for (const [depth, key] of path.entries()) {
      const resolved: unknown = yaml.isAlias(node) ? node.resolve(document) : node;
      const pair = pairOf(yaml, resolved, key);
      const isLast = depth === path.length - 1;
      node = yaml.isSeq(resolved) ? resolved.items[Number(key)] : pair?.value;
      best =
        (isLast && wantKey ? offsetOf(pair?.key) : null) ?? offsetOf(node) ?? offsetOf(pair?.key) ?? best;
    }
    return positionOf(lines, best);
  };
  return { locate: (path) => walk(path, false), locateKey: (path) => walk(path, true) };
}

function pairOf(yaml: Yaml, node: unknown, key: PropertyKey): Pair<unknown, unknown> | undefined {
  if (!yaml.isMap(node)) return undefined;
  return node.items.find((pair) => yaml.isScalar(pair.key) && String(pair.key.value) === String(key));
}

function offsetOf(node: unknown): number | null {
  return (node as Node | null | undefined)?.range?.[0] ?? null;
}
