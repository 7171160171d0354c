#!/bin/sh
# Becomes a program that sees of the node what a static pod of RKE2 sees: inside of the node's namespaces
#   unshare --mount --propagation private pod.sh DATA STAGE DIRECTORIES FILES PROGRAM ARGUMENTS...
#   DATA         the product's data directory: of it only what is named is there
#   STAGE        an empty directory
#   DIRECTORIES, FILES   node paths, one a line; directories can be written, files are mounted each by itself, read-only
# A pod's directories are mounted before the files in them, by the length of their paths, as a container runtime does.
set -eu
data=$1 stage=$2 directories=$3 files=$4
shift 4
mount --bind "$data" "$stage"
mount -t tmpfs -o mode=0755 tmpfs "$data"
printf '%s' "$directories" | while IFS= read -r path || [ -n "$path" ]; do
  mkdir -p "$path"
  mount --bind "$stage${path#"$data"}" "$path"
done
printf '%s' "$files" | while IFS= read -r path || [ -n "$path" ]; do
  mkdir -p "${path%/*}"
  [ -e "$path" ] || : >"$path"
  mount --bind "$stage${path#"$data"}" "$path"
  mount -o remount,bind,ro "$path"
done
umount "$stage"
# Goes when who started it goes.
exec setpriv --pdeathsig KILL "$@"
