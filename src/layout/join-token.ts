import type { FileReader, FileState } from '../disk/file-reader.ts';
import { readUnit } from '../systemd/unit-file.ts';
import { lastValue, readEffectiveConfig } from './effective-config.ts';
import type { Layout } from './layout.ts';
import { knownLayouts } from './names.ts';
import { environmentFiles } from './resolve-layout.ts';

/** What a node shows a server when its kubelet's certificate is no good (products 6.1). Secret: never logged, never kept. */
export type JoinToken =
  { readonly kind: 'password'; readonly password: string } | { readonly kind: 'bootstrap'; readonly token: string };

/**
 * The token by which the node joined, from the product's configuration; a server has it in its own file. Read only when it
 * is to be shown.
 *
 * @returns `none` with a clause, when there is none or none that can be read: where it was looked for, and what is wrong there
 */
export function readJoinToken(layout: Layout, reader: FileReader): JoinToken | NoToken {
  const none = { kind: 'none', why: `the configuration of ${layout.product} has no token` } as const;
  const known = knownLayouts.find(({ name }) => name === layout.name);
  if (known === undefined) return none;
  const unit = readUnit(layout.unit, reader, environmentFiles(known.product, layout.unit));
  const secretOf = (key: string): string | undefined => {
    const answer = readEffectiveConfig(known.product, unit, reader, key);
    return answer.ok ? lastValue(answer.config, key)?.value : undefined;
  };
  if (layout.role === 'server') {
    const own = tokenPath(layout.dataDir);
    const text = textOf(`${layout.dataDir}/server/agent-token`, reader) ?? textOf(own, reader);
    return text === undefined ? { kind: 'none', why: whyNoText(own, reader) } : tokenIn(text, own);
  }
  const configured = secretOf('token');
  if (configured !== undefined) return tokenIn(configured, `the configuration of ${layout.product}`);
  const answer = readEffectiveConfig(known.product, unit, reader);
  const path = answer.ok ? lastValue(answer.config, 'token-file')?.value : undefined;
  if (path === undefined) return none;
  const text = textOf(path, reader);
  return text === undefined
    ? {
        kind: 'none',
        why: `${whyNoText(path, reader)}, the token-file in the configuration of ${layout.product}`,
        path,
      }
    : tokenIn(text, path);
}

/** Where the token should be, and what is wrong there, as a clause; the file that is to be mended, where it is one. */
export interface NoToken {
  readonly kind: 'none';
  readonly why: string;
  readonly path?: string | undefined;
}

function tokenIn(text: string, place: string): JoinToken | NoToken {
  return (
    parseJoinToken(text) ?? {
      kind: 'none',
      why: `what is in ${place} is not a token`,
      path: place.startsWith('/') ? place : undefined,
    }
  );
}

function whyNoText(path: string, reader: FileReader): string {
  const file = reader.read(path);
  if (file.state === 'absent') return `there is no file ${path}`;
  return file.state === 'unreadable' ? `${path} ${file.detail}` : `${path} is empty`;
}

/** One of the tokens that a server keeps for the nodes that join it: secret. */
export interface ServerToken {
  /** `token`, `agent-token` */
  readonly name: string;
  readonly path: string;
  /** `server:…`, all behind the hash. */
  readonly credential: string;
}

/**
 * The tokens of a server, its own first: for what asks the server in the name of servers, and to say what they will be. Read only for that.
 *
 * @returns those that can be read; without the first one nothing can be asked
 */
export function readServerTokens(dataDir: string, reader: FileReader): readonly ServerToken[] {
  const found = ['token', 'agent-token'].flatMap((name): ServerToken[] => {
    const path = `${dataDir}/server/${name}`;
    const text = textOf(path, reader);
    if (text === undefined) return [];
    const credential = /^K10[^:]*::(.+:.+)$/s.exec(text)?.[1] ?? `${name === 'token' ? 'server' : 'node'}:${text}`;
    return text.startsWith('K10') && !credential.includes(':') ? [] : [{ name, path, credential }];
  });
  // The one is often a link to the other.
  return found.filter(({ credential }, index) => found.findIndex((one) => one.credential === credential) === index);
}

/**
 * What the server's own token says of the authority, without its password: the hash, `none` for a token that has no hash,
 * undefined when there is no token that can be read.
 */
export function readPinnedHash(dataDir: string, read: (path: string) => FileState): string | undefined {
  const file = read(tokenPath(dataDir));
  if (file.state !== 'regular') return undefined;
  const text = file.bytes.toString('latin1').trim();
  return text === '' ? undefined : (/^K10([0-9a-f]{64})::/.exec(text)?.[1] ?? 'none');
}

export function tokenPath(dataDir: string): string {
  return `${dataDir}/server/token`;
}

function textOf(path: string, reader: FileReader): string | undefined {
  const file = reader.read(path);
  if (file.state !== 'regular') return undefined;
  const text = file.bytes.toString('utf8').trim();
  return text === '' ? undefined : text;
}

/** As kubeadm writes them: six characters, a dot, sixteen. */
const bootstrapToken = /^[a-z0-9]{6}\.[a-z0-9]{16}$/;

/**
 * `K10<hash of the authority>::<user>:<password>`, the part behind it alone, a bare password, or a bootstrap token with or
 * without the hash. Which user is in it says nothing: a node is always `node`.
 */
export function parseJoinToken(text: string): JoinToken | undefined {
  const isFull = text.startsWith('K10');
  const behind = isFull ? (/^K10(?:[^:]*)::(.*)$/s.exec(text)?.[1] ?? text.slice(3)) : text;
  if (bootstrapToken.test(behind)) return { kind: 'bootstrap', token: behind };
  if (!isFull) return behind === '' ? undefined : { kind: 'password', password: behind };
  const password = /^[^:]*:(.+)$/s.exec(behind)?.[1];
  return password === undefined ? undefined : { kind: 'password', password };
}
