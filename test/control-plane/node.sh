#!/bin/sh
# Lays a node's tree over this machine, for whoever enters these namespaces only:
#   unshare --mount --net --uts --propagation private node.sh TREE STATE NAME ADDRESS
#   TREE     host directory of the node
#   STATE    host directory for what the node writes outside of its tree
# Says "ready" when it is done and ends when its standard input does.
set -eu
tree=$1 state=$2 name=$3 address=$4
hostname "$name"
ip link set lo up
ip address add "$address/32" dev lo

# What the machine has, with room for what the node has besides; the machine itself is never written.
over() {
  mkdir -p "$state/over$1" "$state/work$1"
  mount -t overlay overlay -o "lowerdir=$1,upperdir=$state/over$1,workdir=$state/work$1" "$1"
}
over /etc
over /usr/local
over /var/lib
# The node's own directories, by the files that the host sees: no copies.
own() {
  mkdir -p "$1"
  mount --bind "$tree$1" "$1"
}
own /etc/rancher
own /var/lib/rancher
cp -a "$tree/usr/local/lib/." /usr/local/lib/
cp -a "$tree/etc/systemd/." /etc/systemd/
rm -f /etc/machine-id /etc/hostname
cp -a "$tree/etc/machine-id" "$tree/etc/hostname" /etc/
printf '127.0.0.1 localhost\n::1 localhost\n%s %s\n' "$address" "$name" >"$state/hosts"
cp "$state/hosts" /etc/hosts
mount -t tmpfs -o mode=0755 tmpfs /run
echo ready
exec cat >/dev/null
