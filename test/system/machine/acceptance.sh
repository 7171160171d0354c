#!/bin/bash
# Writes down what an operator would look at, in /srv/seen, and switches the machine off. The kernel's command line may
# say acceptance.wait=SECONDS: how long certmend is given to be healthy and to have a standby.
set -u
seen=/run/seen
mkdir -p "$seen"
unit() { systemctl show -p "$1" --value rke2-server; }
# Its program was started at all: the boot hook is done. Then it works, unless it cannot on a full disk.
for _ in $(seq 150); do
  if [ "$(unit ExecMainStartTimestampMonotonic)" != 0 ]; then break; fi
  sleep 1
done
works=60
if grep -q acceptance.fill /proc/cmdline; then works=5; fi
for _ in $(seq "$works"); do
  if [ "$(unit ActiveState)" = active ]; then break; fi
  sleep 1
done
limit=$(sed -n 's/.*acceptance\.wait=\([0-9]*\).*/\1/p' /proc/cmdline)
for _ in $(seq "${limit:-90}"); do
  case $(systemctl show -p StatusText --value certmend) in
  healthy*standby*ready) break ;;
  esac
  sleep 1
done
date -u +%FT%TZ >"$seen/date"
systemctl show -p ActiveState --value rke2-server >"$seen/product"
systemctl show -p StatusText --value certmend >"$seen/health"
/usr/local/bin/ask >"$seen/ask" 2>&1
systemctl status --no-pager --full --lines 0 certmend >"$seen/status" 2>&1
certmend check >"$seen/check" 2>&1
journalctl --no-pager -b -o short-iso -u rke2-server >"$seen/journal-product" 2>&1
journalctl --no-pager -b -o short-iso -u certmend >"$seen/journal-certmend" 2>&1
journalctl --no-pager -b -o json SYSLOG_IDENTIFIER=certmend >"$seen/records" 2>&1
# Only now: until here the disk may have been full.
rm -rf /srv/fill.* /srv/seen
cp -r "$seen" /srv/seen
sync
systemctl poweroff
