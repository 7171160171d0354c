import { X509Certificate } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { changedPaths, fingerprintPaths, type Fingerprint } from '../fixtures/fingerprint-tree.ts';
import type { Tree } from '../fixtures/tree.ts';
import { pairFits } from '../scenarios/set-state.ts';
import type { Call } from './failing-fs.ts';
import { rememberedAddress, stateOf, type Ended, type Situation } from './situations.ts';

type Prints = ReadonlyMap<string, Fingerprint>;

/** What a node is before anything fails. */
export interface Before {
  readonly live: Prints;
  readonly untouchable: Prints;
  readonly hasJournal: boolean;
}

export function lookAt(tree: Tree): Before {
  return { live: liveSet(tree), untouchable: untouchable(tree), hasJournal: hasJournal(tree) };
}

/** What is wrong with the node, and with what was said, after a run in which one call failed. */
export function afterFault(tree: Tree, before: Before, ended: Ended, failed: Call, situation: Situation): string[] {
  const changed = contentChanges(before.live, liveSet(tree));
  const problems = [...sound(tree, before), ...said(ended)];
  const isOpen = hasJournal(tree);
  const isWhole = isOpen || changed.length === 0 || pairsFit(tree);
  if (!isWhole) problems.push(`torn without a journal: ${changed.join(' ')}`);
  if (situation.isLive === true) problems.push(...underService(tree, before, changed, isOpen));
  if (!situation.changesSet && changed.length > 0) problems.push(`replaced on a healthy node: ${changed.join(' ')}`);
  if (ended.status !== 0 && !names(ended.printed, failed)) problems.push(`names not the file: ${last(ended.printed)}`);
  return problems;
}

/** What is wrong after the next run, in which nothing failed. */
export function afterNext(tree: Tree, before: Before, ended: Ended, situation: Situation): string[] {
  const changed = contentChanges(before.live, liveSet(tree));
  const problems = [...sound(tree, before), ...said(ended)];
  if (ended.status !== 0) problems.push(`the next run ends with ${String(ended.status)}: ${last(ended.printed)}`);
  if (hasJournal(tree)) problems.push('the next run leaves a journal');
  if (!pairsFit(tree)) problems.push('the next run leaves a pair that does not fit');
  if (situation.changesSet !== changed.length > 0) problems.push(`the next run has replaced ${changed.length} files`);
  if (situation.isLive === true) {
    const outcome = stateOf(tree).renewal?.outcome ?? 'none';
    problems.push(...underService(tree, before, changed, false));
    // What nobody watched in time stays, and that was told; all else was watched to its end.
    if (!['confirmed', 'unconfirmed'].includes(outcome)) problems.push(`the renewal is ${outcome}`);
  }
  const serving = tree.host(tree.leaf('serving-kube-apiserver').certificatePath);
  if (!new X509Certificate(readFileSync(serving)).subjectAltName?.includes(rememberedAddress))
    problems.push('a remembered address is not in the certificate');
  const strays = readdirSync(tree.root, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.certmend-|\/generations\/.*\.(tmp|partial)/.test(name),
  );
  if (strays.length > 0) problems.push(`left over: ${strays.join(' ')}`);
  return problems;
}

/** P12: no key is another, and at no time does a file hold no certificate or one of another key; old and new are not mixed. */
function underService(tree: Tree, before: Before, changed: readonly string[], isOpen: boolean): string[] {
  const keys = changed.filter((path) => path.endsWith('.key')).map((path) => `another key: ${path}`);
  const certificates = [...before.live.keys()].filter((path) => path.endsWith('.crt'));
  const isMixed = changed.length > 0 && changed.length < certificates.length;
  return [
    ...keys,
    ...(isMixed && !isOpen ? [`old and new without a journal: ${changed.join(' ')}`] : []),
    ...(pairsFit(tree) ? [] : ['a pair does not fit under the service']),
  ];
}

/** What must hold at any time. */
function sound(tree: Tree, before: Before): string[] {
  const problems = changedPaths(before.untouchable, untouchable(tree)).map((path) => `protected: ${path}`);
  const own = '/var/lib/certmend';
  const names = readdirSync(tree.host(own));
  if (names.some((name) => name.includes('.damaged-'))) problems.push('a state file that was whole is set aside');
  const quarantine = tree.host(`${own}/quarantine`);
  const taken = existsSync(quarantine) ? readdirSync(quarantine, { recursive: true, encoding: 'utf8' }) : [];
  const wrongly = taken.filter((name) => name.includes('.') && !name.includes('serving-kube-apiserver'));
  if (wrongly.length > 0) problems.push(`in quarantine without being damaged: ${wrongly.join(' ')}`);
  return [...problems, ...forgotten(tree)];
}

function forgotten(tree: Tree): string[] {
  const state = stateOf(tree);
  const problems: string[] = [];
  if (state.brake.commits.length === 0) problems.push('the brake is forgotten');
  if (state.clock.highWater === null) problems.push('the last known time is forgotten');
  const serving = state.certificates['serving-kube-apiserver'];
  if (serving?.ipAddresses.includes(rememberedAddress) !== true) problems.push('a name is forgotten');
  return problems;
}

function said({ status, printed }: Ended): string[] {
  const problems: string[] = [];
  if (/a bug in certmend|\n\s+at .+:\d+:\d+/.test(printed)) problems.push(`a bug: ${last(printed)}`);
  // 2: what could be read is healed, and what could not is left to a person.
  if (![0, 2, 73, 75, 77, 78].includes(status)) problems.push(`exit status ${String(status)}: ${last(printed)}`);
  return problems;
}

/** The end of what was printed has the reason. */
function last(printed: string): string {
  return printed.trim().split('\n').slice(-4).join('\n    ');
}

/** A staged file goes by the file that it will be. */
function names(printed: string, { path }: Call): boolean {
  const text = printed.replace(/\s+/g, ' ').replace(/\/\d{8}T\d{6}Z/g, '/INSTANT');
  const plain = `${dirname(path)}/${basename(path).replace(/^\.(.*)\.certmend-.*$/, '$1')}`;
  const generation = /\/generations\/(\d+)\//.exec(path)?.[1];
  const isNamed = [path, plain, dirname(path)].some((name) => text.includes(name));
  return isNamed || (generation !== undefined && text.includes(`generation ${generation} could not be read back`));
}

function ownLeaves(tree: Tree): Tree['leaves'] {
  return tree.leaves.filter(({ reissuedAtStart }) => !reissuedAtStart);
}

function liveSet(tree: Tree): Prints {
  return fingerprintPaths(
    tree.root,
    ownLeaves(tree).flatMap(({ keyPath, certificatePath }) => [keyPath, certificatePath]),
  );
}

function contentChanges(before: Prints, now: Prints): string[] {
  return [...before].filter(([path, { content }]) => now.get(path)?.content !== content).map(([path]) => path);
}

function pairsFit(tree: Tree): boolean {
  try {
    return ownLeaves(tree).every((leaf) => pairFits(tree, leaf));
  } catch {
    return false;
  }
}

function untouchable(tree: Tree): Prints {
  return fingerprintPaths(tree.root, tree.protectedPaths);
}

function hasJournal(tree: Tree): boolean {
  return existsSync(tree.host('/var/lib/certmend/journal.json'));
}
