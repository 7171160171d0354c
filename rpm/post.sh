# After the files of this version are in place. $1: how many versions are installed now.
if command -v systemd-tmpfiles >/dev/null 2>&1; then
    systemd-tmpfiles --create certmend.conf || :
fi
if command -v journalctl >/dev/null 2>&1; then
    journalctl --update-catalog || :
fi
if command -v systemctl >/dev/null 2>&1; then
    if [ "$1" -eq 1 ]; then
        # The preset that comes along says "enable"; one of the administrator's may say otherwise.
        systemctl --no-reload preset certmend.service || :
    fi
    if [ -d /run/systemd/system ]; then
        # So that the drop-ins count at the next start of the product. Starts and stops nothing.
        systemctl daemon-reload || :
        if [ "$1" -eq 1 ] && systemctl --quiet is-enabled certmend.service; then
            systemctl start certmend.service || :
        fi
    fi
fi
exit 0
