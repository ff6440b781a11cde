/**
 * Reads `.buildbot`: YAML data, never code, with every fault named by its place. The file comes with a source tree that
 * may be a stranger's, so tags, more than one document, deep nesting and expanding aliases are refused.
 */

import type { Document, LineCounter, Node, Pair, YAMLMap } from 'yaml';
import { readAssignments } from './dot-buildbot-literals.ts';
import type { DotBuildbot, UserSettings } from './dot-buildbot-schema.ts';
import {
  type ConfigEntry,
  type ConfigOrigin,
  type ConfigProblem,
  MAX_CONFIG_LENGTH,
  type ParsedSettings,
  problemAt,
  settingsFrom,
} from './dot-buildbot-settings.ts';
import { syntaxFaults } from './yaml-syntax.ts';

const MAX_ALIASES = 100;
const START = { line: 1, column: 1 };

type Yaml = typeof import('yaml');
type Place = (offset: number | undefined) => { line: number; column: number };

/** The text of a configuration file, its byte order mark taken off; or why the bytes are none. */
export function decodeConfigText(
  bytes: Uint8Array,
): { ok: true; text: string } | { ok: false; reason: string } {
  if (bytes.length > MAX_CONFIG_LENGTH)
    return { ok: false, reason: 'is larger than 1 MiB: not a configuration file' };
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    return { ok: false, reason: 'is UTF-16: save it as UTF-8' };
  }
  try {
    return { ok: true, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return { ok: false, reason: 'is not UTF-8' };
  }
}

/**
 * Reads the text of the `.buildbot` file called `fileName` (for messages only). Buildbot's `try_…` names are taken as
 * well; an unknown key is told the nearest known one. It is a promise only because the YAML parser is loaded when
 * there is something to parse: it takes 35 ms of a command's start (2026-11).
 */
export async function parseDotBuildbot(text: string, fileName: string): Promise<ParsedSettings<DotBuildbot>> {
  return parseSettings(text, fileName, 'tree');
}

/** The same for the user's own configuration, which may also name a program (`ssh`, `sshConfig`). */
export async function parseUserSettings(
  text: string,
  fileName: string,
): Promise<ParsedSettings<UserSettings>> {
  return parseSettings(text, fileName, 'user');
}

async function parseSettings(
  text: string,
  fileName: string,
  origin: ConfigOrigin,
): Promise<ParsedSettings<UserSettings>> {
  if (text.length > MAX_CONFIG_LENGTH) return failed([problemAt(START, `${fileName} is larger than 1 MiB`)]);
  const plain = text.replace(/^\uFEFF/, '');
  const entries = readYaml(await import('yaml'), plain, fileName);
  if (Array.isArray(entries)) return settingsFrom(entries, { origin });
  const python = pythonProblems(plain, fileName);
  return python.length > 0 ? failed(python) : failed(entries.problems);
}

function readYaml(yaml: Yaml, text: string, fileName: string): ConfigEntry[] | { problems: ConfigProblem[] } {
  const lineCounter = new yaml.LineCounter();
  const place = placeIn(lineCounter);
  const document = yaml.parseDocument(text, {
    schema: 'core',
    version: '1.2',
    merge: false,
    resolveKnownTags: false,
    stringKeys: true,
    prettyErrors: false,
    logLevel: 'error',
    lineCounter,
  });
  if (document.errors.length > 0)
    return {
      problems: syntaxFaults(document.errors).map(({ offset, message, hint }) =>
        problemAt(place(offset), message, hint),
      ),
    };
  const root = document.contents;
  if (root === null || (yaml.isScalar(root) && root.value === null)) return [];
  if (!yaml.isMap(root))
    return { problems: [problemAt(place(root.range?.[0]), `${fileName}: expected keys with values`)] };
  const problems = dangers(yaml, root, place);
  return problems.length > 0 ? { problems } : entriesOf(yaml, { document, root, place });
}

function placeIn(lineCounter: LineCounter): Place {
  return (offset) => {
    const { line, col } = lineCounter.linePos(offset ?? 0);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
}

/** Tags would choose how a value is made; anchors without limit would make a bomb of a small file. */
function dangers(yaml: Yaml, root: YAMLMap, place: Place): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  let aliases = 0;
  yaml.visit(root, {
    Alias: (_key, node) => {
      if (++aliases === MAX_ALIASES + 1)
        problems.push(problemAt(place(node.range?.[0]), `more than ${MAX_ALIASES} aliases`));
    },
    Node: (_key, node) => {
      if (!node.tag) return undefined;
      problems.push(
        problemAt(place(node.range?.[0]), `the tag '${node.tag}' is refused: a file of data needs none`),
      );
      return problems.length < 10 ? undefined : yaml.visit.BREAK;
    },
  });
  return problems;
}

function entriesOf(
  yaml: Yaml,
  { document, root, place }: { document: Document.Parsed; root: YAMLMap; place: Place },
): ConfigEntry[] | { problems: ConfigProblem[] } {
  const entries: ConfigEntry[] = [];
  const placeOfNode = (node: Node | null, path: readonly PropertyKey[]) => {
    const found = nodeAt(yaml, node, path);
    return isWritten(yaml, found) ? place(found?.range?.[0]) : undefined;
  };
  for (const pair of root.items as Pair<Node, Node | null>[]) {
    const where = place(pair.key.range?.[0]);
    try {
      const key = String(pair.key.toJS(document));
      const value = isProperties(key) ? withOwnSpelling(yaml, pair.value) : pair.value;
      entries.push({
        key,
        value: value?.toJS(document, { maxAliasCount: MAX_ALIASES }) ?? null,
        ...where,
        placeOf: (path) => placeOfNode(pair.value, path) ?? where,
      });
    } catch (error) {
      if (!(error instanceof ReferenceError)) throw error;
      return { problems: [problemAt(where, 'aliases that expand to too much')] };
    }
  }
  return entries;
}

/** The part of a value that `path` leads to; as near to it as the file goes. */
function nodeAt(yaml: Yaml, node: Node | null, path: readonly PropertyKey[]): Node | null {
  const [step, ...rest] = path;
  if (step === undefined || !yaml.isCollection(node)) return node;
  const next = node.get(typeof step === 'symbol' ? String(step) : step, true);
  return yaml.isNode(next) ? nodeAt(yaml, next, rest) : node;
}

/** A value that is left out stands nowhere. */
function isWritten(yaml: Yaml, node: Node | null): boolean {
  return node !== null && !(yaml.isScalar(node) && node.value === null && node.source === '');
}

const isProperties = (key: string) => /^(?:try_)?properties$/.test(key);

/** A property is a text: `version: 1.10` must not become `1.1` on its way through a number. */
function withOwnSpelling(yaml: Yaml, node: Node | null): Node | null {
  if (!yaml.isMap(node)) return node;
  for (const { value } of node.items) {
    if (yaml.isScalar(value) && typeof value.value === 'number') value.value = value.source ?? value.value;
  }
  return node;
}

/** If the file is Python as Buildbot's own was: each line that can be carried over, in its new form. */
function pythonProblems(text: string, fileName: string): ConfigProblem[] {
  const lines = text.split('\n', 1000);
  const found = lines.findIndex((line) => /^\s*(?:[A-Za-z_]\w*\s*=(?!=)|(?:import|from)\s+\w)/.test(line));
  if (found === -1) return [];
  const message = `${fileName} is Python code, as Buildbot's own .buildbot/options; it is YAML data here and never run`;
  return [problemAt({ line: found + 1, column: 1 }, message, conversion(text))];
}

function conversion(text: string): string {
  const read = readAssignments(text);
  const entries = read.ok ? read.entries : [];
  const lines = entries
    .filter(({ value }) => value !== null)
    .slice(0, 5)
    .map(
      ({ key, value }) =>
        `'${key.replace(/^try_/, '')}: ${typeof value === 'string' && /^[\w./@-]+$/.test(value) ? value : JSON.stringify(value)}'`,
    );
  return lines.length > 0
    ? `Write ${lines.join(', ')}.`
    : `Write 'host: build.example.org' for 'try_host = "build.example.org"'.`;
}

function failed(problems: ConfigProblem[]): { ok: false; problems: ConfigProblem[] } {
  return { ok: false, problems };
}
