import { ownPaths } from '../disk/own-paths.ts';
import type { FileReader } from '../disk/file-reader.ts';
import type { Manifest } from './generation.ts';
import { readManifest } from './load.ts';

export type GenerationSummary =
  | { readonly number: number; readonly ok: true; readonly manifest: Manifest }
  | { readonly number: number; readonly ok: false; readonly problem: string };

const finished = /^[1-9]\d*$/;

/** The generations that are kept, in ascending order of number; a damaged one with its problem. Reads manifests only. */
export function listGenerations(reader: FileReader): readonly GenerationSummary[] {
  return (reader.list(ownPaths.generations) ?? [])
    .filter((name) => finished.test(name))
    .map(Number)
    .sort((a, b) => a - b)
    .map((number): GenerationSummary => {
      const read = readManifest(reader, number);
      return read.ok ? { number, ok: true, manifest: read.manifest } : { number, ok: false, problem: read.problem };
    });
}
