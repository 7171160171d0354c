import { lstatSync, readFileSync } from 'node:fs';
import type { Tree } from '../fixtures/tree.ts';
import type { Component } from './arguments.ts';

/** Node paths, each sorted. */
export interface Mounts {
  /** Mounted whole, to be written. */
  readonly directories: readonly string[];
  /** Mounted each by itself, read-only: what is renamed into their place on the node does not reach the pod. */
  readonly files: readonly string[];
}

/**
 * What a static pod of RKE2 sees of the node (rke2 pkg/podtemplate, pkg/executor/staticpod): every file that its arguments
 * name, with what a kubeconfig names; etcd its data and the six files of its configuration; the API server the whole
 * `server` directory besides.
 */
export function mountsOf(component: Component, words: readonly string[], tree: Tree): Mounts {
  const server = `${tree.dataDir}/server`;
  const named = words
    .map((word) => word.slice(word.indexOf('=') + 1))
    .filter((value) => value.startsWith('/') && isFile(tree.host(value)));
  const referred = named.filter((path) => path.endsWith('.kubeconfig')).flatMap((path) => filesOf(tree.host(path)));
  const files = new Set([...named, ...referred]);
  switch (component) {
    case 'etcd': {
      for (const pair of ['server-client', 'peer-server-client'])
        for (const end of ['crt', 'key']) files.add(`${server}/tls/etcd/${pair}.${end}`);
      for (const name of ['server-ca.crt', 'peer-ca.crt']) files.add(`${server}/tls/etcd/${name}`);
      return { directories: [`${server}/db/etcd`], files: [...files].sort() };
    }
    case 'kube-apiserver':
      // The product's own mechanism writes it anew: seen through the directory.
      files.delete(`${server}/cred/encryption-config.json`);
      files.add(`${server}/db/etcd/name`);
      return { directories: [server], files: [...files].sort() };
    case 'kube-controller-manager':
    case 'kube-scheduler':
      files.add(`${server}/db/etcd/name`);
      return { directories: [], files: [...files].sort() };
  }
}

function isFile(host: string): boolean {
  return lstatSync(host, { throwIfNoEntry: false })?.isFile() === true;
}

function filesOf(kubeconfig: string): readonly string[] {
  const text = readFileSync(kubeconfig, 'utf8');
  return [...text.matchAll(/^\s*(?:certificate-authority|client-certificate|client-key): (\/.*)$/gm)].map(
    ([, path = '']) => path,
  );
}
