import { paperFor, type Paper } from '../terminal/paper.ts';
import type { Io } from './io.ts';

export function paperOf({ stdout, env }: Io): Paper {
  return paperFor(stdout, env);
}
