# Before the files of this version go. $1: how many versions remain; 0 is a removal, 1 an upgrade.
if [ "$1" -eq 0 ] && command -v systemctl >/dev/null 2>&1; then
    systemctl --no-reload disable certmend.service || :
    if [ -d /run/systemd/system ]; then
        systemctl stop certmend.service || :
    fi
fi
exit 0
