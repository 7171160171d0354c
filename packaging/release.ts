import { execFileSync } from 'node:child_process';
import { project, readProject } from './project.ts';

/** What the packages say about themselves, whatever the format. */
export interface Release {
  /** As package managers compare it: `0.2.0~rc.1` comes before `0.2.0`. */
  readonly version: string;
  /** The one time that everything in the packages has: seconds since 1970. */
  readonly epoch: number;
}

export const maintainer = 'certmend maintainers <maintainers@certmend.invalid>';
export const summary = 'keeps the certificates of a Kubernetes node alive';
export const description = [
  'certmend runs on RKE2 and K3s nodes that nobody watches. It checks their certificates, keeps a verified standby ' +
    'set, and replaces or repairs what is expired or damaged before the service of the node starts: all or nothing, ' +
    'with no network, proven by real TLS handshakes, and with a reason for each step in the journal.',
  'The package brings its own runtime and needs no configuration.',
];

/**
 * The version is that of package.json; CERTMEND_PACKAGE_VERSION overrides it, so that tests have something to upgrade
 * from. The time is SOURCE_DATE_EPOCH, or that of the last commit.
 *
 * @throws Error when there is neither
 */
export function readRelease(environment: NodeJS.ProcessEnv): Release {
  const manifest = JSON.parse(readProject('package.json')) as { readonly version: string };
  const version = environment['CERTMEND_PACKAGE_VERSION'] ?? manifest.version;
  if (!/^\d+\.\d+\.\d+(-[0-9A-Za-z.]+)?$/.test(version)) throw new Error(`${version} is no version`);
  return { version: version.replace('-', '~'), epoch: readEpoch(environment) };
}

function readEpoch(environment: NodeJS.ProcessEnv): number {
  const text =
    environment['SOURCE_DATE_EPOCH'] ??
    execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: project, encoding: 'utf8' }).trim();
  if (!/^\d{1,11}$/.test(text)) throw new Error(`SOURCE_DATE_EPOCH: ${text} is not a number of seconds`);
  return Number(text);
}
