#!/bin/sh
# Starts certmend with its own runtime, in an environment of its own.
#
# The boot hook gives up by itself after 60 s (boot.deadline). In case that it cannot, it is ended here after 75 s (80 s
# with SIGKILL): less than the 90 s that a unit has by default. Not by the drop-in: the journal would tell what the hook
# says under the name of timeout.
runtime=/usr/lib/certmend/node
program=/usr/lib/certmend/certmend.cjs
timeout=/usr/bin/timeout

# Of the environment (in a boot hook that of the product's unit) only these are kept: for the terminal, for rehearse, for
# systemd. Everything else could change which code a process with the authorities' keys runs: NODE_OPTIONS, OPENSSL_CONF,
# LD_PRELOAD, and PATH, on which flock is looked up.
kept='TERM COLUMNS NO_COLOR TMPDIR NOTIFY_SOCKET WATCHDOG_USEC WATCHDOG_PID JOURNAL_STREAM INVOCATION_ID'
unset LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT
PATH=/usr/sbin:/usr/bin:/sbin:/bin

# No core file; and no memory in it where a program that collects them takes no notice of the limit.
# shellcheck disable=SC3045 # every sh of a Linux distribution has it
ulimit -c 0
{ echo 0 >/proc/self/coredump_filter; } 2>/dev/null

# The command is the first word that is neither an option nor an option's value.
command='' isValue='' isSet='' value=''
for word; do
  if [ -n "$isValue" ]; then
    isValue=''
    continue
  fi
  case $word in
    --root | --config | --output | -o) isValue=yes ;;
    -*) ;;
    *) command=$word && break ;;
  esac
done

# Emptied by a full disk or a power cut, either would do nothing and end with 0.
for part in "$runtime" "$program"; do
  if [ ! -s "$part" ]; then
    echo "certmend: certmend cannot load its own program: $part is empty or missing; this is not a fault of the node" >&2
    echo '  check the disk (dmesg), then reinstall the package' >&2
    case "$command $*" in
      prestart\ *--strict*) exit 70 ;;
      prestart\ *) echo '  the service starts anyway' >&2 && exit 0 ;;
      *) exit 70 ;;
    esac
  fi
done

# Without the signal that makes the runtime open a debugger on a port of this host.
set -- "$runtime" --disable-sigusr1 "$program" "$@"
if [ "$command" = prestart ] && [ -x "$timeout" ]; then
  set -- "$timeout" -k 5 75 "$@"
fi
for name in $kept; do
  eval "isSet=\${$name+yes} value=\${$name-}"
  [ -z "$isSet" ] || set -- "$name=$value" "$@"
done
exec /usr/bin/env -i "PATH=$PATH" "$@"
