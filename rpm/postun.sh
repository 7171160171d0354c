# After the files of this version are gone. $1: how many versions remain; 0 is a removal, 1 an upgrade.
# /var/lib/certmend stays: it belongs to no package. The product's units are never restarted.
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload || :
    if [ "$1" -ge 1 ]; then
        systemctl try-restart certmend.service || :
    fi
fi
if [ "$1" -eq 0 ]; then
    echo "certmend: the services of this node now start without the boot hook: only the product itself renews or repairs their certificates." >&2
    echo "certmend: its state, and the sets that can be restored, stay in /var/lib/certmend." >&2
fi
if [ "$1" -eq 0 ] && command -v journalctl >/dev/null 2>&1; then
    journalctl --update-catalog || :
fi
exit 0
