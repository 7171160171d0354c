/**
 * A shape that a parsed JSON value may have: checks it, and says it as JSON Schema. Written out here because reading
 * the state file is part of every start of the node's service: a schema library takes half as long to load as the
 * whole runtime.
 */
export interface Shape<T> {
  /**
   * The value with only the fields that are known, in their order.
   * @throws Misshapen naming the place
   */
  readonly read: (value: unknown, at: string) => T;
  /** JSON Schema 2020-12. */
  readonly schema: Readonly<Record<string, unknown>>;
  /** An object may be without this field, as those are that an earlier version wrote. */
  readonly mayBeMissing?: true;
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

/** A whole number that is not negative. */
export const count: Shape<number> = {
  read: (value, at) => {
    if (!Number.isSafeInteger(value) || (value as number) < 0) throw new Misshapen(at);
    return value as number;
  },
  schema: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
};

export function oneOf<const T extends string | number>(...values: readonly T[]): Shape<T> {
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

/** For a field that was added later: where it is missing it is null. */
export function nullableLater<T>(shape: Shape<T>): Shape<T | null> {
  const { read, schema } = nullable(shape);
  return { read: (value, at) => (value === undefined ? null : read(value, at)), schema, mayBeMissing: true };
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
      Object.fromEntries(entriesOf(value, at).map(([name, inner]) => [name, shape.read(inner, `${at}.${name}`)])),
    schema: { type: 'object', additionalProperties: shape.schema },
  };
}

/** An object that has all of these fields, but for those that may be missing. What else it has is left out. */
export function object<T extends object>(fields: { readonly [Name in keyof T]: Shape<T[Name]> }): Shape<Readonly<T>> {
  const shapes = Object.entries<Shape<unknown>>(fields);
  return {
    read: (value, at) => {
      const given = new Map(entriesOf(value, at));
      const prefix = at === '' ? '' : `${at}.`;
      return Object.fromEntries(shapes.map(([name, shape]) => [name, shape.read(given.get(name), prefix + name)])) as T;
    },
    schema: {
      type: 'object',
      properties: Object.fromEntries(shapes.map(([name, { schema }]) => [name, schema])),
      required: shapes.filter(([, { mayBeMissing }]) => mayBeMissing !== true).map(([name]) => name),
    },
  };
}

function entriesOf(value: unknown, at: string): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Misshapen(at);
  return Object.entries(value);
}
