import {
  choice,
  commandLine,
  days,
  directory,
  duration,
  flag,
  loopbackAddress,
  patterns,
  recipients,
  size,
  text,
  whole,
  windows,
  setting,
  withoutDefault,
} from './setting.ts';

/** packaging/certmend.sh: a later deadline than this would never be come to. */
const hookEnd = '; after 75s /usr/bin/certmend stops the boot hook';

/**
 * Every key of the configuration: its name in a file, what it may be, its default, and what is said about it. The type
 * `Config`, how files are laid over each other, the sample and certmend.yaml(5) follow from these rows; default-config.ts
 * and docs/configuration.md are made from them by `node build/setting-table.ts`. What two of them may not be together is in config.ts.
 */
export const settings = {
  layout: withoutDefault(
    text(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'the name of a layout, such as those `certmend doctor` lists', "a layout's name"),
    {
      otherwise: 'detected',
      example: 'rke2-server',
      about:
        'Which table of certificates applies to the node. `certmend doctor` shows what was detected and from what; set it when that is wrong.',
    },
  ),
  unit: withoutDefault(
    text(
      /^[A-Za-z0-9:_.\\@-]{1,247}$/,
      'the name of a service unit of systemd, such as k3s-server or k3s-server.service',
      'a service unit of systemd',
    ),
    {
      otherwise: 'detected',
      example: 'rke2-server.service',
      about:
        'The unit that runs the product, such as `k3s-edge.service`. Units are found by what their ExecStart starts, under any name; set it, and `layout`, when a script of your own starts the product. The boot hook uses its own `--unit`.',
    },
  ),
  dataDir: withoutDefault(directory, {
    otherwise: "the product's own setting",
    example: '/var/lib/rancher/rke2',
    about:
      "The product's data directory. Normally read from the product's configuration; set it when it is configured somewhere that certmend cannot read.",
  }),
  'boot.enabled': setting(flag, {
    initially: true,
    about: '`false`: the boot hook only checks and reports, and changes nothing.',
  }),
  'boot.deadline': setting(duration('5s', '70s', hookEnd), {
    initially: '60s',
    about:
      'After this time the hook starts no commit and lets the service start. A whole rotation takes a second or two; the rest is for waiting for the clock and for another certmend. At 75 s `/usr/bin/certmend` stops the hook.',
  }),
  'renewal.renewBefore': withoutDefault(days('1d', '3000d'), {
    otherwise: "the product's own window",
    example: '120d',
    about:
      'Leaves that expire sooner than this are replaced. The product itself replaces leaves at its next start inside its own window (120 days; 90 on older versions), so a shorter window only moves the work from certmend to the product.',
  }),
  'renewal.critical': setting(days('1d', '120d'), {
    initially: '14d',
    about:
      'A certificate that expires sooner than this, and that only a restart of the running service or an operator can renew, is critical. Two weeks leave room for a maintenance window.',
  }),
  'renewal.validity': withoutDefault(days('150d', '3650d'), {
    otherwise: "the product's own",
    example: '365d',
    about:
      'Validity of new leaves: by default the same as the product gives its own, which is 365 days, or what CATTLE_NEW_SIGNED_CERT_EXPIRATION_DAYS says in the environment of its unit (from 150 to 3650; `certmend doctor` reports when it cannot be honoured). Never beyond the expiry of the authority. At 120 days or less the product would replace each leaf again at its next start, which is why the minimum is higher.',
  }),
  'live.enabled': setting(flag, {
    initially: true,
    about:
      '`false`: the daemon changes no certificate of a service that runs. `certmend renew` still does, when you ask.',
  }),
  'live.renewBefore': setting(days('2d', '3000d'), {
    initially: '30d',
    about:
      "While the service runs, the daemon renews its certificates, under the same keys, when one of them has less left than this. Less than the product's own window, so that a restart in the usual course comes first.",
  }),
  'live.emergencyBefore': setting(days('1d', '3000d'), {
    initially: '7d',
    about: 'With less left than this it does not wait for a maintenance window. Not more than `live.renewBefore`.',
  }),
  'maintenance.windows': setting(windows, {
    initially: [],
    about:
      'When the daemon may renew what runs, such as `["Sat..Sun 02:00-06:00", "Wed 22:00-04:00 Europe/Berlin"]`: weekdays and time zone as in systemd.time(7), both may be left out; a window that ends before it begins ends on the next day. Empty: at any time.',
  }),
  'restart.hung': setting(flag, {
    initially: false,
    about:
      '`true`: when the daemon has healed what a start of the service hangs on, it restarts that unit. Otherwise it says the command: the unit waits for ever, since the product gives its start no limit.',
  }),
  'authority.warning': setting(days('1d', '3650d'), {
    initially: '730d',
    about:
      'An authority that expires sooner than this is a warning: replacing one is planned work, and `certmend ca status` says what it means.',
  }),
  'authority.critical': setting(days('1d', '3650d'), {
    initially: '120d',
    about:
      "… and sooner than this it is critical: new leaves would be shorter than the product's window. Not more than `authority.warning`.",
  }),
  'standby.enabled': setting(flag, {
    initially: true,
    about: '`false`: no standby generation is kept; the boot hook issues a fresh set each time.',
  }),
  retention: setting(whole(1, 100), {
    initially: 3,
    about: 'Generations kept besides the active one, the standby and the last confirmed one.',
  }),
  'clock.maxOfflineGap': setting(days('30d', '3650d'), {
    initially: '1095d',
    about:
      'A clock further ahead of the last known time than this is not believed unless it is synchronised. Three years powered off are plausible, ten are a broken clock.',
  }),
  'clock.maxWait': setting(duration('0s', '69s'), {
    initially: '30s',
    about:
      'How long the boot hook waits for the correction of a clock that is not believed. Less than `boot.deadline`.',
  }),
  'check.acknowledged': setting(patterns, {
    initially: [],
    about:
      'Files that are in no table but that you know about, such as `[server/tls/*.bak, server/tls/temporary-certs/]`: they are no longer reported, expired or not; their rows stay. `*` and `?` match anything but a slash, `**` matches anything, a trailing slash everything below; relative to the data directory unless the path starts with a slash. A private key in such a file that others can read is still reported.',
  }),
  'brake.maxCommitsPerDay': setting(whole(1, 100), {
    initially: 6,
    about:
      'How many times a day certmend rotates the whole set by itself, and how many times it repairs the same entry. What an operator requests is not counted. A bad day needs two or three; a loop needs hundreds.',
  }),
  'audit.maxFileSize': setting(size('64KiB', '1GiB'), {
    initially: '4MiB',
    about:
      'At this size `/var/lib/certmend/audit.jsonl` is renamed to `audit.jsonl.1`, replacing the previous one: at most twice this on disk.',
  }),
  'backup.recipients': setting(recipients, {
    initially: [],
    about:
      'Who can read the backups of this node: public keys of age (`age1…`), as `age-keygen` prints them. The private keys belong elsewhere. With these and `backup.to` the daemon makes backups (docs/backup.md).',
  }),
  'backup.to': withoutDefault(directory, {
    otherwise: 'none',
    example: '/mnt/backup/certmend',
    about:
      'Directory for the backups. It must exist, belong to root and be writable by nobody else; certmend makes none, so that an unmounted disk is noticed. The daemon may write there after `certmend doctor --write-drop-ins`.',
  }),
  'backup.every': setting(duration('1h', '30d'), {
    initially: '24h',
    about: 'Time between two backups of the daemon, once `backup.recipients` and `backup.to` are set.',
  }),
  'backup.keep': setting(whole(1, 1000), {
    initially: 30,
    about:
      'How many backups of this node are kept in `backup.to`; older ones are removed after a new one was written and read back.',
  }),
  'backup.maxAge': withoutDefault(days('1d', '3650d'), {
    otherwise: 'none',
    example: '90d',
    about: '… and of these none older than this. The latest one always stays.',
  }),
  'daemon.checkInterval': setting(duration('1m', '24h'), {
    initially: '1h',
    about:
      'Time between two checks of the daemon, jittered by up to a tenth. Certificates are valid for months: an hour is soon enough to notice damage, and costs next to nothing.',
  }),
  'metrics.textfile': withoutDefault(
    text(/^(\/[^/\0\r\n]+)+\.prom$/, 'an absolute path that ends in .prom', 'an absolute path that ends in `.prom`'),
    {
      otherwise: 'none',
      example: '/var/lib/prometheus/node-exporter/certmend.prom',
      about:
        'File for the textfile collector of node_exporter, rewritten after each check, for example `/var/lib/prometheus/node-exporter/certmend.prom`.',
    },
  ),
  'metrics.listen': withoutDefault(loopbackAddress, {
    otherwise: 'none',
    example: '127.0.0.1:9745',
    about:
      'Where `/metrics` and `/healthz` are served, for example `127.0.0.1:9745`. Nothing listens unless this is set.',
  }),
  'notify.exec': withoutDefault(commandLine, {
    otherwise: 'none',
    example: '[/usr/local/sbin/tell-the-operator, --quiet]',
    about:
      "Run at each change of health, with a JSON document on its standard input. It runs in the unit's sandbox: a private /tmp, no network, docs/operations.md.",
  }),
  'notify.timeout': setting(duration('1s', '10m'), {
    initially: '30s',
    about: 'After this time the program of `notify.exec` is killed.',
  }),
  'cluster.report': setting(choice('off', 'node', 'certificates'), {
    initially: 'off',
    about:
      '`node`: the cluster is told of the health of the node: Events, a condition and a label of its Node, with the pair of its kubelet. `certificates`: each certificate too, for `kubectl get certificates`, after `certmend cluster manifest` was applied (docs/cluster.md). `off`: nothing is told.',
  }),
};

export type SettingKey = keyof typeof settings;
