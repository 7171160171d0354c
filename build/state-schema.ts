import { writeFileSync } from 'node:fs';
import { format } from 'prettier';
import { publishedStateSchema } from '../src/state/published-schema.ts';

// Writes docs/state.schema.json from the schema that reads the state file. A test fails when the two differ.
const text = await format(publishedStateSchema(), { parser: 'json', printWidth: 120 });
writeFileSync(new URL('../docs/state.schema.json', import.meta.url), text);
