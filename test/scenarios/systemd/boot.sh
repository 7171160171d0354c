#!/bin/sh
# Boots the systemd of a root directory in namespaces of its own: boot.sh LOWER STATE NAME
#   LOWER  the root, only read
#   STATE  a directory with upper/ (what this machine has changed), work/, root/ (where it all comes together)
#   NAME   of its control group
# Writes the process id of that systemd, as the host counts, to STATE/pid. Ends when it ends.
set -eu
if [ "$1" != inside ]; then
  mount --make-rprivate /
  # A control group of its own, so that several machines can run at a time.
  mkdir -p "$2/cgroup"
  mount -t cgroup2 none "$2/cgroup"
  mkdir "$2/cgroup/$3"
  mkfifo "$2/go"
  status=0
  sh -c 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"' sh "$2/cgroup/$3" \
    unshare --pid --fork --kill-child --mount --uts --ipc --net --cgroup --propagation private \
    "$0" inside "$1" "$2" "$3" &
  child=$!
  # Only the systemd itself stays in its group: a group with members of its own cannot have controllers.
  read -r _ <"$2/go"
  echo "$child" >"$2/cgroup/cgroup.procs"
  echo moved >"$2/go"
  wait "$child" || status=$?
  find "$2/cgroup/$3" -depth -type d -exec rmdir {} +
  rm "$2/go"
  exit "$status"
fi

lower=$2 state=$3 name=$4 root=$3/root
# This shell becomes the systemd; /proc is still that of the host.
read -r pid _ </proc/self/stat
hostname "$name"
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$state/upper,workdir=$state/work" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs -o mode=0755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=0755 tmpfs "$root/sys/fs/cgroup"
mount -t cgroup2 none "$root/sys/fs/cgroup"
echo ready >"$state/go"
read -r _ <"$state/go"
echo "$pid" >"$state/pid.new"
mv "$state/pid.new" "$state/pid"
exec chroot "$root" env -i container=namespaces PATH=/usr/sbin:/usr/bin:/sbin:/bin \
  /lib/systemd/systemd --system --log-target=journal
