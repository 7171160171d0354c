/** What a value of the configuration may be, whichever key it stands behind. */
export interface Kind<Value, Unit extends string> {
  /** What the member of `Config` adds to the key: `deadline` of a file is `deadlineMs` in the program. */
  readonly unit: Unit;
  /**
   * @param value as the YAML parser gives it; never null
   * @returns undefined when it is not what it must be
   */
  readonly parse: (value: unknown) => Value | undefined;
  /** The end of the sentence `boot.deadline must be ...`. */
  readonly mustBe: string;
  /** For the documents: `FROM, TO`, or in words; empty where the default says it all. */
  readonly bounds: string;
}

type Plain = string | number | boolean | readonly string[];

/** One key of the configuration with all that is said about it. */
export interface Setting<Value, Unit extends string> {
  readonly kind: Kind<NonNullable<Value>, Unit>;
  /** What holds where no file says anything. */
  readonly initial: Value;
  /** The same as it would be written in a file, or, where nothing can be written for it, in words. */
  readonly standard: { readonly yaml: string } | { readonly words: string };
  /** A value to show in the installed sample, as YAML. */
  readonly example: string;
  /** For docs/configuration.md, the sample and certmend.yaml(5), as one line of Markdown. */
  readonly about: string;
}

/** @throws Error when the default is not a value of its own kind */
export function setting<Value extends Plain, Unit extends string>(
  kind: Kind<Value, Unit>,
  { initially, about }: { readonly initially: string | number | boolean | readonly []; readonly about: string },
): Setting<Value, Unit> {
  const initial = kind.parse(initially);
  if (initial === undefined) throw new Error(`the default ${String(initially)} must be ${kind.mustBe}`);
  const yaml = typeof initially === 'object' ? '[]' : String(initially);
  return { kind, initial, standard: { yaml }, example: yaml, about };
}

/** A key without a default: what holds is found out, or is nothing. */
export function withoutDefault<Value extends Plain, Unit extends string>(
  kind: Kind<Value, Unit>,
  { otherwise, example, about }: { readonly otherwise: string; readonly example: string; readonly about: string },
): Setting<Value | undefined, Unit> {
  return { kind, initial: undefined, standard: { words: otherwise }, example, about };
}
