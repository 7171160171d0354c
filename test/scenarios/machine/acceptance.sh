#!/bin/bash
# Writes down what an operator would look at, in /srv/seen, and switches the machine off. The kernel's command line may
# say acceptance.wait=SECONDS: how long certmend is given to be healthy and to have a standby. With 0 the node is not
# expected to be well, and nobody asks its consumers.
set -u
seen=/run/seen
mkdir -p "$seen"
unit() { systemctl show -p "$1" --value rke2-server; }
# Its program was started at all: the boot hook is done. Then it works, unless it cannot on a full disk.
for _ in $(seq 75); do
  if [ "$(unit ExecMainStartTimestampMonotonic)" != 0 ]; then break; fi
  sleep 2
done
works=60
# Real programs take as long to start under emulation.
if [ -x /opt/control-plane/ask ]; then works=240; fi
if grep -q acceptance.fill /proc/cmdline; then works=5; fi
for _ in $(seq "$works"); do
  if [ "$(unit ActiveState)" = active ]; then break; fi
  sleep 1
done
limit=$(sed -n 's/.*acceptance\.wait=\([0-9]*\).*/\1/p' /proc/cmdline)
# Not more often: to ask is work for an emulated machine, and the one that is asked waits for it.
for _ in $(seq $((limit / 2))); do
  case $(systemctl show -p StatusText --value certmend) in
  healthy*standby*ready) break ;;
  esac
  sleep 2
done
date -u +%FT%TZ >"$seen/date"
systemctl show -p ActiveState --value rke2-server >"$seen/product"
systemctl show -p StatusText --value certmend >"$seen/health"
if [ "$limit" -gt 0 ]; then
  /usr/local/bin/ask >"$seen/ask" 2>&1
  certmend check >"$seen/check" 2>&1
  if [ -x /opt/control-plane/ask ]; then
    /opt/control-plane/ask >"$seen/control-plane" 2>&1
    certmend status -o json >"$seen/status.json"
    tail -n 20 /run/rke2/*.log >"$seen/logs"
    free -m >"$seen/memory"
  fi
fi
systemctl status --no-pager --full --lines 0 certmend >"$seen/status" 2>&1
journalctl --no-pager -b -o short-iso -u rke2-server >"$seen/journal-product" 2>&1
journalctl --no-pager -b -o short-iso -u certmend >"$seen/journal-certmend" 2>&1
journalctl --no-pager -b -o json SYSLOG_IDENTIFIER=certmend >"$seen/records" 2>&1
cp /run/free "$seen" 2>/dev/null
# Only now: until here the disk may have been full.
rm -rf /srv/fill.* /srv/seen
cp -r "$seen" /srv/seen
sync
systemctl poweroff
