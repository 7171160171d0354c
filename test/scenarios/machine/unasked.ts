/**
 * Units that a scenario asks nothing of. Under emulation each costs up to seconds of a boot, most of all what looks for
 * devices and loads their drivers: the machine has a disk, which the initramfs has found, and a serial line.
 */
export const unasked = [
  'dev-hugepages.mount',
  'dev-mqueue.mount',
  'getty.target',
  'kmod-static-nodes.service',
  'modprobe@.service',
  'proc-sys-fs-binfmt_misc.automount',
  'serial-getty@.service',
  'sys-fs-fuse-connections.mount',
  'sys-kernel-config.mount',
  'sys-kernel-debug.mount',
  'sys-kernel-tracing.mount',
  'systemd-ask-password-console.path',
  'systemd-ask-password-wall.path',
  'systemd-logind.service',
  'systemd-modules-load.service',
  'systemd-random-seed.service',
  'systemd-sysctl.service',
  'systemd-sysusers.service',
  'systemd-tmpfiles-clean.timer',
  'systemd-tmpfiles-setup-dev.service',
  'systemd-udev-trigger.service',
  'systemd-udevd-control.socket',
  'systemd-udevd-kernel.socket',
  'systemd-udevd.service',
  'systemd-update-utmp.service',
  'systemd-user-sessions.service',
] as const;

/** What takes room on a disk that is copied often, and is not read on it: the kernel is given to the emulator. */
export const unread = ['boot', 'usr/lib/udev/hwdb.bin', 'usr/share/doc', 'usr/share/locale', 'usr/share/man'] as const;
