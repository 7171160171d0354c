import { ownPaths } from '../disk/own-paths.ts';
import { type FileReader, namesIn } from '../disk/file-reader.ts';
import type { Manifest } from './generation.ts';
import { readManifest } from './load.ts';

export type GenerationSummary =
  | { readonly number: number; readonly ok: true; readonly manifest: Manifest }
  | { readonly number: number; readonly ok: false; readonly problem: string };

const finished = /^[1-9]\d{0,9}$/;

/**
 * Numbers of the generations that are kept, ascending.
 * @throws CertmendError StorageDenied, StorageFailed when the directory is there and cannot be listed
 */
export function generationNumbers(reader: FileReader): readonly number[] {
  return namesIn(reader, ownPaths.generations)
    .filter((name) => finished.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

/**
 * The generations that are kept, in ascending order of number; a damaged one with its problem. Reads manifests only.
 * @throws CertmendError as `generationNumbers`
 */
export function listGenerations(reader: FileReader): readonly GenerationSummary[] {
  return generationNumbers(reader).map((number): GenerationSummary => {
    const read = readManifest(reader, number);
    return read.ok ? { number, ok: true, manifest: read.manifest } : { number, ok: false, problem: read.problem };
  });
}
