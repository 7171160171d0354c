#!/bin/bash
# Asks each consumer over real TLS, as its clients would come; one line for each, "ok NAME" or "FAILED NAME".
set -u
tls=/var/lib/rancher/rke2/server/tls
ask() { # name command...
  local name=$1 answer
  shift
  if answer=$("$@" 2>&1 </dev/null); then echo "ok $name"; else printf 'FAILED %s: %s\n' "$name" "$(tail -n 3 <<<"$answer" | tr '\n' ' ')"; fi
}
tls() { # port authority [options]
  local port=$1 authority=$2
  shift 2
  timeout 60 openssl s_client -connect "127.0.0.1:$port" -CAfile "$tls/$authority.crt" -verify_return_error -verify_ip 127.0.0.1 "$@"
}
etcd() {
  ETCDCTL_API=3 etcdctl --endpoints https://127.0.0.1:2379 --dial-timeout 20s --command-timeout 30s \
    --cacert "$tls/etcd/server-ca.crt" --cert "$tls/etcd/client.crt" --key "$tls/etcd/client.key" "$@"
}
ask 'etcd client' etcd endpoint health
ask 'etcd write' etcd put when "$(date +%F)"
ask 'etcd peer' tls 2380 etcd/peer-ca -cert "$tls/etcd/peer-server-client.crt" -key "$tls/etcd/peer-server-client.key"
ask 'API server' tls 6443 server-ca -cert "$tls/client-admin.crt" -key "$tls/client-admin.key"
ask 'supervisor' tls 9345 server-ca
