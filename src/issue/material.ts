/** One new file of a generation, before it has a number. `path` is an absolute node path. */
export interface MaterialFile {
  readonly path: string;
  /** Entry id it belongs to. */
  readonly id: string;
  readonly role: 'certificate' | 'key' | 'kubeconfig' | 'trigger';
  readonly bytes: Buffer;
  readonly mode: number;
  /** Numeric owner the live file has or shall have. */
  readonly uid: number;
  readonly gid: number;
}
