import { stateSchema } from './schema.ts';

/** docs/state.schema.json: JSON Schema 2020-12 of the state file. Unknown fields are allowed, see {@link stateSchema}. */
export function publishedStateSchema(): string {
  const document = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'certmend state file',
    description:
      "/var/lib/certmend/dynamic-cert.json, what certmend remembers between runs. Holds no key material. Not to be confused with the product's own server/tls/dynamic-cert.json.",
    ...stateSchema.schema,
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}
