#!/bin/sh
# The boot hook gives up by itself after 60 s (boot.deadline). In case that it cannot, it is ended here after 75 s (80 s
# with SIGKILL): less than the 90 s that a unit has by default. Not by the drop-in: the journal would tell what the hook
# says under the name of timeout.
runtime=/usr/lib/certmend/node
program=/usr/lib/certmend/certmend.cjs
timeout=/usr/bin/timeout

# The command is the first word that is neither an option nor an option's value.
command='' isValue=''
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

if [ "$command" = prestart ] && [ -x "$timeout" ]; then
  exec "$timeout" -k 5 75 "$runtime" "$program" "$@"
fi
exec "$runtime" "$program" "$@"
