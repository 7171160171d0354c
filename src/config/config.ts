/** certmend's own configuration, with every default filled in. Files: /etc/certmend/config.yaml and config.yaml.d/*.yaml. */
export interface Config {
  /** Forces a layout; undefined means detection. */
  readonly layout: string | undefined;
  /** The unit that runs the product, where it cannot be found by what it starts; undefined means detection. */
  readonly unit: string | undefined;
  readonly dataDir: string | undefined;
  readonly boot: {
    /** The boot hook acts (true) or only reports (false). */
    readonly enabled: boolean;
    /** Deadline of `prestart`, milliseconds (60 s). */
    readonly deadlineMs: number;
  };
  readonly renewal: {
    /** Rotate when a leaf has less than this many days left; default is the product's own window of the layout. */
    readonly renewBeforeDays: number | undefined;
    /** A certificate that only a restart or a person can help is critical with this many days left, or fewer (14). */
    readonly criticalDays: number;
    /** Validity of new leaves in days; default is the product's own of the layout (365). */
    readonly validityDays: number | undefined;
  };
  readonly authority: {
    readonly warningDays: number;
    readonly criticalDays: number;
  };
  readonly standby: {
    readonly enabled: boolean;
  };
  /** Generations kept beside active, standby and confirmed (3). */
  readonly retention: number;
  readonly clock: {
    readonly maxOfflineGapDays: number;
    readonly maxWaitMs: number;
  };
  readonly check: {
    /** Patterns of files that no table knows and that a person knows of: they are no finding. */
    readonly acknowledged: readonly string[];
  };
  readonly brake: {
    readonly maxCommitsPerDay: number;
  };
  readonly audit: {
    readonly maxFileBytes: number;
  };
  readonly daemon: {
    /** Between two checks, milliseconds (1 h); each is jittered by up to a tenth. */
    readonly checkIntervalMs: number;
  };
  readonly metrics: {
    /** File for node_exporter's textfile collector; undefined: none is written. */
    readonly textfile: string | undefined;
    /** `HOST:PORT` on the loopback interface; undefined: nothing listens (P11). */
    readonly listen: string | undefined;
  };
  readonly notify: {
    /** Program and its arguments, run at each change of health; undefined: none. */
    readonly exec: readonly string[] | undefined;
    /** Milliseconds after which it is ended (30 s). */
    readonly timeoutMs: number;
  };
}
