/**
 * A configuration as far as it can be understood, whatever else is wrong with it: so that one mistake does not hide the
 * others. What is not of the right kind is left out here, because the schema reports it.
 */
import { nearest, type StepConfig } from '@buildbot/shared';

type Path = readonly PropertyKey[];

/** A text of the configuration, and where it stands. */
export interface Word {
  text: string;
  path: Path;
}

/** A worker, builder or scheduler. */
export class DraftItem {
  readonly path: Path;
  readonly #fields: Readonly<Record<string, unknown>>;

  constructor(path: Path, value: unknown) {
    this.path = path;
    this.#fields = recordOf(value) ?? {};
  }

  get name(): string | undefined {
    return this.text('name');
  }

  text(key: string): string | undefined {
    const value = this.#fields[key];
    return typeof value === 'string' ? value : undefined;
  }

  /** The texts in the list `key`, which may lie deeper: `workers`, `tags`. */
  words(...keys: string[]): Word[] {
    let value: unknown = this.#fields;
    for (const key of keys) value = recordOf(value)?.[key];
    return listOf(value).flatMap((text, index) =>
      typeof text === 'string' ? [{ text, path: [...this.path, ...keys, index] }] : [],
    );
  }

  has(key: string): boolean {
    return Object.hasOwn(this.#fields, key);
  }

  /** Whether it surely lacks this key: none of its other keys is likely a misspelling of it. */
  lacks(key: string): boolean {
    return !this.has(key) && Object.keys(this.#fields).every((other) => nearest(other, [key]) === undefined);
  }

  /** The keys of the record `key`. */
  keys(key: string): string[] {
    return Object.keys(recordOf(this.#fields[key]) ?? {});
  }

  isTrue(key: string): boolean {
    return this.#fields[key] === true;
  }

  isEmptyList(key: string): boolean {
    const value = this.#fields[key];
    return Array.isArray(value) && value.length === 0;
  }

  /** The items of the list `key`. */
  items(key: string): DraftItem[] {
    return listOf(this.#fields[key]).map((item, index) => new DraftItem([...this.path, key, index], item));
  }

  /** Its steps, as far as they say of which type they are. */
  steps(): { path: Path; step: StepConfig }[] {
    return listOf(this.#fields.steps).flatMap((value, index) => {
      const step = recordOf(value);
      return typeof step?.type === 'string'
        ? [{ path: [...this.path, 'steps', index], step: step as StepConfig }]
        : [];
    });
  }
}

export interface Draft {
  whole: DraftItem;
  /** Where the API listens, and how. */
  listen: DraftItem;
  access: DraftItem;
  workers: DraftItem[];
  builders: DraftItem[];
  schedulers: DraftItem[];
  steps: { path: Path; step: StepConfig }[];
}

export function draftOf(data: unknown): Draft {
  const whole = new DraftItem([], data);
  const builders = whole.items('builders');
  return {
    whole,
    listen: new DraftItem(['listen'], recordOf(data)?.listen),
    access: new DraftItem(['access'], recordOf(data)?.access),
    workers: whole.items('workers'),
    builders,
    schedulers: whole.items('schedulers'),
    steps: builders.flatMap((builder) => builder.steps()),
  };
}

function recordOf(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
