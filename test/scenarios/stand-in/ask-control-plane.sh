#!/bin/bash
# Asks the real control plane what a person would, by kubectl and by openssl: "ok NAME" or "FAILED NAME", then "served PORT
# FINGERPRINT", "lease NAME HOLDER RENEWED", and "kept NAME" for each day of which the cluster still knows.
set -u
data=/var/lib/rancher/rke2
export HOME=/run/rke2
kubectl() { timeout 120 /opt/control-plane/kubectl --kubeconfig "$@"; }
files=$data/server/cred/admin.kubeconfig
ready() { # name kubeconfig
  local answer
  answer=$(kubectl "$2" get --raw /readyz 2>&1)
  if [ "$answer" = ok ]; then echo "ok $1"; else echo "FAILED $1: $answer"; fi
}
ready 'readyz by files' "$files"
ready 'readyz by rke2.yaml' /etc/rancher/rke2/rke2.yaml
kubectl "$files" create configmap "day-$(date -u +%F)" >/dev/null
kubectl "$files" get configmaps -o jsonpath='{range .items[*]}kept {.metadata.name}{"\n"}{end}'
kubectl "$files" get leases -n kube-system -o jsonpath='{range .items[*]}lease {.metadata.name} {.spec.holderIdentity} {.spec.renewTime}{"\n"}{end}'
for port in 2379 2380 6443 10257 10259; do
  print=$(timeout 60 openssl s_client -connect "127.0.0.1:$port" </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256 | sed 's/.*=//; s/://g')
  echo "served $port ${print,,}"
done
