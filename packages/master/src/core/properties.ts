/**
 * Properties of a build: merging by source, and interpolation as in Buildbot's `Interpolate` with the selector `prop`:
 * `%(prop:name)s`, `%(prop:name:-default)s` (default when the property is not set), `%%` for a percent sign.
 */
import type { Properties, PropertyValue } from '@buildbot/shared';

/** Several layers as one; of equal names the later layer's counts. */
export function mergeProperties(...layers: readonly Properties[]): Properties {
  const merged = new Map(layers.flatMap((layer) => Object.entries(layer)));
  return Object.fromEntries(merged);
}

/** Plain values, all from one source. */
export function fromSource(values: Readonly<Record<string, PropertyValue>>, source: string): Properties {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [value, source]]));
}

const REFERENCE = /%(?:%|\(prop:([^):]+)(?::-([^)]*))?\)s)/g;

/**
 * Fill in the references to properties. A property that is not set and has no default gives nothing, as in Buildbot.
 * What is not a reference (`100%`, `%(x)s`) stays as it is.
 */
export function interpolate(template: string, properties: Properties): string {
  return template.replace(REFERENCE, (whole, name: string | undefined, fallback: string | undefined) => {
    if (whole === '%%') return '%';
    const property = Object.hasOwn(properties, name ?? '') ? properties[name ?? ''] : undefined;
    return property === undefined ? (fallback ?? '') : textOf(property[0]);
  });
}

/** A property's value inside a text: text as it is, nothing for null, everything else as JSON. */
export function textOf(value: PropertyValue): string {
  if (value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
