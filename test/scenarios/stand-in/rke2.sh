#!/bin/bash
# Stands in for the product's program. At its start it does to certificates what the product does at each start, then
# real consumers use them: etcd with client and peer TLS, and TLS servers where the API server and the supervisor are; or,
# where a machine has it, the real control plane.
set -eu
data=/var/lib/rancher/rke2
tls=$data/server/tls
own=/run/rke2
mkdir -p "$own"

# Writes NEW: the names and usages of the certificate OLD for the key KEY, signed by AUTHORITY, a year from now or DAYS.
reissue() { # old key authority new [days]
  openssl x509 -in "$1" -x509toreq -signkey "$2" -copy_extensions copyall -out "$own/request"
  openssl pkey -in "$2" -pubout -out "$own/public"
  openssl x509 -req -in "$own/request" -force_pubkey "$own/public" -copy_extensions copyall -days "${5:-365}" \
    -CA "$tls/$3.crt" -CAkey "$tls/$3.key" -set_serial "0x1$(openssl rand -hex 7)" -out "$own/new" 2>/dev/null
  cat "$own/new" "$tls/$3.crt" >"$4"
}

# What lies below agent/ is new at each start; for how many days, a test may say.
days=$(cat /opt/agent-days 2>/dev/null || echo 365)
for name in client-kubelet serving-kubelet client-kube-proxy client-rke2-controller; do
  authority=client-ca
  if [ "$name" = serving-kubelet ]; then authority=server-ca; fi
  cp "$data/agent/$name.crt" "$own/old"
  reissue "$own/old" "$data/agent/$name.key" "$authority" "$data/agent/$name.crt" "$days"
done

# The administrator's kubeconfig holds a copy of client-admin, made at each start.
kubeconfig=/etc/rancher/rke2/rke2.yaml
sed -e "s|\(client-certificate-data:\).*|\1 $(base64 -w0 "$tls/client-admin.crt")|" \
  -e "s|\(client-key-data:\).*|\1 $(base64 -w0 "$tls/client-admin.key")|" "$kubeconfig" >"$own/kubeconfig"
cat "$own/kubeconfig" >"$kubeconfig"

# The listener's document: with the trigger a new key and certificate for the same names.
document=$tls/dynamic-cert.json
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$document" | base64 -d; }
field 'tls\.crt' >"$own/listener.crt"
field 'tls\.key' >"$own/listener.key"
if [ -e "$tls/dynamic-cert-regenerate" ]; then
  rm "$tls/dynamic-cert-regenerate"
  cp "$own/listener.crt" "$own/old"
  openssl ecparam -name prime256v1 -genkey -noout -out "$own/listener.key"
  reissue "$own/old" "$own/listener.key" server-ca "$own/listener.crt"
  print=$(openssl x509 -in "$own/listener.crt" -noout -fingerprint -sha1 | sed 's/.*=//; s/://g')
  certificate=$(base64 -w0 "$own/listener.crt")
  key=$(base64 -w0 "$own/listener.key")
  sed "s|\"tls\.crt\":\"[^\"]*\"|\"tls.crt\":\"$certificate\"|; s|\"tls\.key\":\"[^\"]*\"|\"tls.key\":\"$key\"|
    s|SHA1=[0-9A-F]*|SHA1=$print|" "$document" >"$document.new"
  chmod 600 "$document.new"
  mv "$document.new" "$document"
fi

# The children go when this program goes, also when it is killed (KillMode=process leaves them alone).
consumer() { setpriv --pdeathsig KILL "$@" & }
# As a static pod has them: each file mounted by itself, so that a rename on the node does not reach it.
pod=$own/pod
mkdir -p "$pod"
in_pod() {
  consumer unshare --mount --propagation private sh -euc '
    pod=$1 from=$2
    shift 2
    mount -t tmpfs tmpfs "$pod"
    for file in server-ca.crt peer-ca.crt server-client.crt server-client.key peer-server-client.crt peer-server-client.key; do
      : >"$pod/$file"
      mount --bind "$from/$file" "$pod/$file"
    done
    exec "$@"' sh "$pod" "$tls/etcd" "$@"
}
stand_ins() {
  in_pod etcd --name node-1 --data-dir "$data/server/db/stand-in" --logger zap --log-level warn \
    --listen-client-urls https://127.0.0.1:2379 --advertise-client-urls https://127.0.0.1:2379 \
    --listen-peer-urls https://127.0.0.1:2380 --initial-advertise-peer-urls https://127.0.0.1:2380 \
    --initial-cluster node-1=https://127.0.0.1:2380 --client-cert-auth --peer-client-cert-auth \
    --cert-file "$pod/server-client.crt" --key-file "$pod/server-client.key" \
    --trusted-ca-file "$pod/server-ca.crt" --peer-trusted-ca-file "$pod/peer-ca.crt" \
    --peer-cert-file "$pod/peer-server-client.crt" --peer-key-file "$pod/peer-server-client.key"
  consumer openssl s_server -accept 127.0.0.1:6443 -quiet -www -Verify 3 -verify_return_error \
    -cert "$tls/serving-kube-apiserver.crt" -key "$tls/serving-kube-apiserver.key" -CAfile "$tls/client-ca.crt"
}
listening() { ss -ltnH "sport = :$1" | grep -q .; }
# The supervisor: by the runtime of the package where a test asks for one that signs, else something that serves the listener.
if [ -e /opt/agent-days ] && [ -x /usr/lib/certmend/node ]; then
  consumer /usr/lib/certmend/node /usr/local/lib/supervisor.mjs "$own/listener.crt" "$own/listener.key"
else
  consumer openssl s_server -accept 127.0.0.1:9345 -quiet -www -cert "$own/listener.crt" -key "$own/listener.key"
fi

if [ -x /opt/control-plane/begin ]; then
  # shellcheck source=/dev/null
  . /opt/control-plane/begin
else
  stand_ins
fi
until listening 2379 && listening 2380 && listening 6443 && listening 9345; do sleep 0.2; done
systemd-notify --ready --status='etcd, 6443 and 9345 are listening'
trap 'exit 0' TERM
wait -n
exit 1
