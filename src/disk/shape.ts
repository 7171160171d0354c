/**
 * A shape that a parsed JSON value may have: checks it, and says it as JSON Schema. Written out here because reading
 * certmend's own files (state, manifests, journal) is part of every start of the node's service: a schema library takes
 * half as long to load as the whole runtime.
 */
export interface Shape<T> {
  /**
   * The value with only the fields that are known, in their order.
   * @throws Misshapen naming the place
   */
  readonly read: (value: unknown, at: string) => T;
  /** JSON Schema 2020-12. */
  readonly schema: Readonly<Record<string, unknown>>;
  /** An object may lack a field of this shape, which is then null, or left out too. */
  readonly whenAbsent?: 'null' | 'left out';
}

/** `at` is the path of the value that does not fit: `certificates.etcd/client.notAfter`. */
export class Misshapen extends Error {
  readonly at: string;

  constructor(at: string) {
    super(`no valid value at ${at}`);
    this.at = at;
  }
}

/** A string that passes; `schema` says as much of the test as JSON Schema can. */
export function text(
  test: (value: string) => boolean = () => true,
  schema: Shape<string>['schema'] = {},
): Shape<string> {
  return {
    read: (value, at) => {
      if (typeof value !== 'string' || !test(value)) throw new Misshapen(at);
      return value;
    },
    schema: { type: 'string', ...schema },
  };
}

export function matching(pattern: RegExp): Shape<string> {
  return text((value) => pattern.test(value), { pattern: pattern.source });
}

const instantPattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$/;

/** RFC 3339 in UTC, as certmend writes it. */
export const instant = text((value) => instantPattern.test(value) && !Number.isNaN(Date.parse(value)), {
  format: 'date-time',
  pattern: instantPattern.source,
});

/** 64 lower-case hexadecimal digits. */
export const sha256 = matching(/^[0-9a-f]{64}$/);

/** Absolute path of the node. */
export const nodePath = matching(/^\/[^\0]+$/);

/** A whole number within these bounds, both included. */
export function whole(minimum: number, maximum: number = Number.MAX_SAFE_INTEGER): Shape<number> {
  return {
    read: (value, at) => {
      if (!Number.isSafeInteger(value) || (value as number) < minimum || (value as number) > maximum)
        throw new Misshapen(at);
      return value as number;
    },
    schema: { type: 'integer', minimum, maximum },
  };
}

export const count = whole(0);
/** Permission bits. */
export const mode = whole(0, 0o7777);
/** A user or a group. */
export const owner = whole(0, 0xffff_ffff);

export function oneOf<const T extends string | number | boolean>(...values: readonly T[]): Shape<T> {
  const known: ReadonlySet<unknown> = new Set(values);
  return {
    read: (value, at) => {
      if (!known.has(value)) throw new Misshapen(at);
      return value as T;
    },
    schema: values.length === 1 ? { const: values[0] } : { enum: values },
  };
}

export function nullable<T>(shape: Shape<T>): Shape<T | null> {
  return {
    read: (value, at) => (value === null ? null : shape.read(value, at)),
    schema: { anyOf: [shape.schema, { type: 'null' }] },
  };
}

/** A field that files of earlier versions do not have: it reads as null. */
export function added<T>(shape: Shape<T>): Shape<T | null> {
  return { ...nullable(shape), whenAbsent: 'null' };
}

/** A field that need not be there. */
export function optional<T>(shape: Shape<T>): Shape<T> {
  return { ...shape, whenAbsent: 'left out' };
}

export function list<T>(shape: Shape<T>): Shape<readonly T[]> {
  return {
    read: (value, at) => {
      if (!Array.isArray(value)) throw new Misshapen(at);
      return value.map((item: unknown, index) => shape.read(item, `${at}.${String(index)}`));
    },
    schema: { type: 'array', items: shape.schema },
  };
}

/** Values under any names. */
export function record<T>(shape: Shape<T>): Shape<Readonly<Record<string, T>>> {
  return {
    read: (value, at) =>
      // fromEntries defines and does not assign: a name like __proto__ is a name.
      Object.fromEntries(entriesOf(value, at).map(([name, inner]) => [name, shape.read(inner, within(at, name))])),
    schema: { type: 'object', additionalProperties: shape.schema },
  };
}

export type Fields<T> = { readonly [Name in keyof T]-?: Shape<Required<T>[Name]> };

/** An object that has all of these fields but the optional ones. What else it has is left out. */
export function object<T extends object>(fields: Fields<T>): Shape<Readonly<T>> {
  const shapes = Object.entries<Shape<unknown>>(fields);
  return {
    read: (value, at) => {
      const given = new Map(entriesOf(value, at));
      return Object.fromEntries(
        shapes
          .filter(([name, { whenAbsent }]) => whenAbsent !== 'left out' || given.has(name))
          .map(([name, { read, whenAbsent }]) => {
            const isNull = whenAbsent === 'null' && !given.has(name);
            return [name, isNull ? null : read(given.get(name), within(at, name))];
          }),
      ) as T;
    },
    schema: {
      type: 'object',
      properties: Object.fromEntries(shapes.map(([name, { schema }]) => [name, schema])),
      required: shapes.filter(([, { whenAbsent }]) => whenAbsent === undefined).map(([name]) => name),
    },
  };
}

/** The same, and nothing else: for a file that decides what is done, and that no other version is to add to. */
export function exact<T extends object>(fields: Fields<T>): Shape<Readonly<T>> {
  const { read, schema } = object(fields);
  const known = new Set(Object.keys(fields));
  return {
    read: (value, at) => {
      const stranger = entriesOf(value, at).find(([name]) => !known.has(name));
      if (stranger !== undefined) throw new Misshapen(within(at, stranger[0]));
      return read(value, at);
    },
    schema: { ...schema, additionalProperties: false },
  };
}

/** One of several objects, told apart by the value of one field that they all have. */
export function tagged<T extends object>(field: keyof T & string, kinds: Readonly<Record<string, Shape<T>>>): Shape<T> {
  const known = new Map(Object.entries(kinds));
  return {
    read: (value, at) => {
      const kind = new Map(entriesOf(value, at)).get(field);
      const shape = typeof kind === 'string' ? known.get(kind) : undefined;
      if (shape === undefined) throw new Misshapen(within(at, field));
      return shape.read(value, at);
    },
    schema: { oneOf: Object.values(kinds).map(({ schema }) => schema) },
  };
}

/**
 * Reads a whole document.
 * @returns the place that does not fit, when one does not: `` for the document itself
 */
export function readDocument<T>(
  shape: Shape<T>,
  document: unknown,
): { readonly ok: true; readonly value: T } | { readonly ok: false; readonly at: string } {
  try {
    return { ok: true, value: shape.read(document, '') };
  } catch (error) {
    if (error instanceof Misshapen) return { ok: false, at: error.at };
    throw error;
  }
}

function within(at: string, name: string): string {
  return at === '' ? name : `${at}.${name}`;
}

function entriesOf(value: unknown, at: string): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Misshapen(at);
  return Object.entries(value);
}
