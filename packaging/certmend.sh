#!/bin/sh
exec /usr/lib/certmend/node /usr/lib/certmend/certmend.cjs "$@"
