/**
 * `master.yaml` as data with positions: YAML 1.2 core schema, at most 1 MiB, a bounded number of aliases, no tags of
 * other languages and no merge keys, so that a configuration cannot be a bomb.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument } from 'yaml';
import type { ConfigProblem } from './problem.ts';

const MAX_BYTES = 1024 * 1024;
const MAX_ALIASES = 100;

/** A position from 1. */
export interface Position {
  line: number;
  column: number;
}

/** A path into the model: keys and indexes. */
export type ModelPath = readonly PropertyKey[];

export interface YamlSource {
  data: unknown;
  /** Where a value stands; of a missing one, its nearest parent that is there. */
  locate(path: ModelPath): Position;
  /** Where a key itself stands. */
  locateKey(path: ModelPath): Position;
}

function describe(file: string, position: Position | null, message: string): ConfigProblem {
  return {
    file,
    line: position?.line ?? null,
    column: position?.column ?? null,
    path: '',
    message,
    hint: null,
  };
}

function findPair(node: unknown, key: PropertyKey): Pair<unknown, unknown> | undefined {
  if (!isMap(node)) return undefined;
  return node.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === String(key));
}

function child(node: unknown, key: PropertyKey): unknown {
  return isSeq(node) ? node.items[Number(key)] : findPair(node, key)?.value;
}

function offsetOf(node: unknown): number | null {
  return (node as Node | null | undefined)?.range?.[0] ?? null;
}

/** Read YAML text; problems instead of data when it is not well-formed. */
export function readYaml(text: string, file: string): { source: YamlSource } | { problems: ConfigProblem[] } {
  if (text.length > MAX_BYTES) {
    return { problems: [describe(file, null, `${text.length} characters are too many: the limit is 1 MiB`)] };
  }
  const lines = new LineCounter();
  const document = parseDocument(text.replace(/^\uFEFF/, ''), {
    lineCounter: lines,
    prettyErrors: false,
    schema: 'core',
    merge: false,
    uniqueKeys: true,
  });
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    return { problems: faults.map((fault) => describe(file, at(fault.pos[0]), fault.message)) };
  }
  let data: unknown;
  try {
    data = document.toJS({ maxAliasCount: MAX_ALIASES }) ?? {};
  } catch (error) {
    return { problems: [describe(file, null, `too many aliases: ${String(error)}`)] };
  }
  const walk = (path: ModelPath, wantKey: boolean): Position => {
    let node: unknown = document.contents;
    let best = offsetOf(node) ?? 0;
    for (const [depth, key] of path.entries()) {
      const resolved: unknown = isAlias(node) ? node.resolve(document) : node;
      const pair = findPair(resolved, key);
      const last = depth === path.length - 1;
      node = child(resolved, key);
      best = (last && wantKey ? offsetOf(pair?.key) : null) ?? offsetOf(node) ?? offsetOf(pair?.key) ?? best;
    }
    return at(best);
  };
  return { source: { data, locate: (path) => walk(path, false), locateKey: (path) => walk(path, true) } };
}
