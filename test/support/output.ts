/** What a command printed for programs, held against the schemas that it names (`docs/output.schema.json`). */
import { isDeepStrictEqual } from 'node:util';
import { OUTPUT_SCHEMAS } from '@buildbot/shared';

/** The objects in `text`: one, or one a line. @throws for text that is none, and for what its schema does not know */
export function printedObjects(text: string): Record<string, unknown>[] {
  const parts = /^\{$/m.test(text.split('\n', 1)[0] ?? '') ? [text] : text.trimEnd().split('\n');
  return parts.map((part) => {
    const object = JSON.parse(part) as Record<string, unknown>;
    const schema = OUTPUT_SCHEMAS.get(String(object.schema));
    if (schema === undefined) throw new Error(`no schema '${object.schema}': ${part}`);
    // What a schema does not know it leaves out.
    if (!isDeepStrictEqual(schema.parse(object), object))
      throw new Error(`more than its schema has: ${part}`);
    return object;
  });
}
