import { basename } from 'node:path';
import type { Origin } from '../../disk/origin.ts';
import { products, type Product, type Role } from '../names.ts';
import { logicalLines, splitWords } from '../../systemd/words.ts';

/** A command line from the word on that is the product's own program. */
export interface ProductCommand {
  readonly product: Product;
  readonly role: Role;
  /** The program first. */
  readonly words: readonly Origin<string>[];
}

/** `rke2`, `k3s-arm64`, `rke2.linux-amd64`, `k3s-v1.33.1`; and the names under which K3s starts itself. */
const program = new RegExp(
  `^(${products.join('|')})(?:[-.](?:linux-)?(?:amd64|arm64|armhf|s390x)|[-.]v\\d[\\w.+-]*|-(server|agent))?$`,
);

/** What these start keeps its files elsewhere than on this node's own disk. */
const containers = new Set(['docker', 'podman', 'nerdctl', 'ctr', 'crictl', 'systemd-nspawn', 'machinectl']);

const shells = new Set(['sh', 'bash', 'dash', 'ash', 'zsh', 'ksh', 'busybox']);

/** Other things that the same program does: `k3s kubectl get server` runs no server. */
const otherJobs = new Set([
  'kubectl',
  'crictl',
  'ctr',
  'token',
  'etcd-snapshot',
  'secrets-encrypt',
  'certificate',
  'check-config',
  'completion',
]);

/**
 * Does a command run the product, by itself, under a launcher (`env`, `nice`) or in a shell's `-c`? Undefined for
 * everything else: what a script of somebody's own starts cannot be told from its name.
 */
export function productCommand(words: readonly Origin<string>[], depth = 0): ProductCommand | undefined {
  const [first] = words;
  if (first === undefined || containers.has(basename(first.value))) return undefined;
  for (const [index, { value }] of words.entries()) {
    const match = program.exec(basename(value));
    // `rancher/k3s` is an image and `k3s:` a label; a program is named by a word of its own or by its absolute path.
    if (match === null || (value.includes('/') && !value.startsWith('/'))) continue;
    const rest = words.slice(index);
    const role = match[2] ?? roleOf(rest.slice(1));
    if (role === undefined) continue;
    const product = products.find((name) => name === match[1]);
    if (product === undefined) continue;
    return { product, role: role === 'server' ? 'server' : 'agent', words: rest };
  }
  const script = shells.has(basename(first.value)) && depth < 3 ? scriptOf(words) : undefined;
  return script === undefined ? undefined : productCommand(script, depth + 1);
}

function roleOf(words: readonly Origin<string>[]): string | undefined {
  const job = words.find(({ value }) => value === 'server' || value === 'agent' || otherJobs.has(value))?.value;
  return job === undefined || otherJobs.has(job) ? undefined : job;
}

/** The words behind `-c` (or `-ec`), split as a shell does without what it expands. */
function scriptOf(words: readonly Origin<string>[]): readonly Origin<string>[] | undefined {
  const flag = words.findIndex(({ value }, index) => index > 0 && /^-[a-z]*c$/.test(value));
  const script = flag < 0 ? undefined : words[flag + 1];
  if (script === undefined) return undefined;
  const parts = script.value
    .split(/&&|\|\||[;|&\n]/)
    .map((part) => logicalLines(part.trim()).flatMap((line) => splitWords(line, 0).map(({ text }) => text)));
  const starting = parts.find((part) => part.some((word) => program.test(basename(word)))) ?? [];
  return starting.map((value) => ({ value, origin: script.origin }));
}
