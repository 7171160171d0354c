/** A value and where it was found: `/etc/rancher/rke2/config.yaml:3`, `rke2-server.service ExecStart`, `default`. */
export interface Origin<T> {
  readonly value: T;
  readonly origin: string;
}
