# shellcheck shell=bash disable=SC2154
# Sourced by rke2.sh where a machine has the drive with the real control plane (machine/control-plane-drive.ts): etcd, API
# server, controller manager and scheduler as the product starts them, each when the one before it is ready.
real=/opt/control-plane
export HOME=$own
# There is no network: what etcd and the API server are told to listen on is an address of the loopback.
ip address replace "$(cat "$real/address")/32" dev lo
etcd=$data/server/db/etcd
mkdir -p "$etcd"
chmod 700 "$etcd"
(umask 077 && cp "$real/etcd-config" "$etcd/config" && cp "$real/etcd-name" "$etcd/name")
component() { consumer "$real/run-$1" >>"$own/$1.log" 2>&1; }
# A lease of day 0 is still there on day 400: it is held when it was renewed since this start.
started=$(date -u +%FT%T)
leads() {
  local renewed
  renewed=$("$real/kubectl" --kubeconfig "$data/server/cred/admin.kubeconfig" get lease -n kube-system "$1" -o 'jsonpath={.spec.renewTime}')
  [[ $renewed > $started ]]
}

echo starts etcd
component etcd
until listening 2379 && listening 2380; do sleep 0.5; done
echo etcd is listening
component kube-apiserver
# Not more often: to ask is a tenth of what it takes to start, and under emulation there is one processor for both.
until listening 6443; do sleep 0.5; done
until [ "$("$real/kubectl" --kubeconfig "$data/server/cred/admin.kubeconfig" get --raw /readyz 2>"$own/readyz")" = ok ]; do sleep 3; done
echo the API server is ready
component kube-controller-manager
component kube-scheduler
until listening 10257 && listening 10259; do sleep 0.5; done
until leads kube-controller-manager && leads kube-scheduler; do sleep 2; done >"$own/leases" 2>&1
echo two components lead
