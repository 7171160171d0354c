#!/bin/bash
# The first process of a process namespace with a kubelet and the containerd that it works with: whatever they start ends
# when this does. Inside of the node's namespaces:
#   unshare --pid --fork --kill-child --mount --mount-proc --propagation private kubelet.sh STATE IMAGE KUBELET ARGUMENTS...
#   STATE    host directory with containerd.toml
#   IMAGE    archive with the one image that there is
# Starts the kubelet again when it has ended, as the product does, and says so.
set -eu
state=$1 image=$2
shift 2
containerd --config "$state/containerd.toml" >"$state/containerd.log" 2>&1 &
socket=/run/k3s/containerd/containerd.sock
until ctr -a "$socket" version >/dev/null 2>&1; do sleep 0.2; done
ctr -a "$socket" -n k8s.io images import "$image"
while :; do
  "$@" >>"$state/kubelet.log" 2>&1 || true
  echo kubelet has ended
  sleep 5
done
