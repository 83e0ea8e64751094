#!/bin/sh
# Builds guest programs and proves them on the host kernel, as the caller and, when that is root, as nobody too.
# Usage: host.sh [name ...]     (all of them without names; programs go to $OUT, default a directory in /tmp)
here=$(cd "$(dirname "$0")" && pwd)
out=${OUT:-/tmp/guest-programs}
mkdir -p "$out" && chmod 755 "$out"
# attacker, bomb, mutate_elf, ptydrive, tree and try_exec are tools with arguments of their own, not tests.
[ $# -gt 0 ] || set -- $(cd "$here" && ls *.c | sed 's/\.c$//' | grep -v -x -e attacker -e bomb -e mutate_elf -e ptydrive -e tree -e try_exec)
bad=0
run() { # how, name, command...
    how=$1; name=$2; shift 2
    dir=$(mktemp -d /tmp/guest.XXXXXX); chmod 777 "$dir"
    if ! log=$(cd "$dir" && timeout -k 5 120 "$@" 2>&1); then
        bad=$((bad + 1)); echo "== $name as $how failed ($?)"; echo "$log" | grep -v '^ok '
    elif [ -n "$(ls -A "$dir")" ]; then
        bad=$((bad + 1)); echo "== $name as $how left behind: $(ls -A "$dir")"
    else
        echo "$name as $how: $(echo "$log" | tail -1)"
    fi
    rm -rf "$dir"
}
for name; do
    if ! gcc -O1 -static -pthread -Wall -Werror -o "$out/$name" "$here/$name.c"; then bad=$((bad + 1)); continue; fi
    run "$(id -un)" "$name" "$out/$name"
    [ "$(id -u)" != 0 ] || run nobody "$name" setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs "$out/$name"
done
echo "$bad bad"
[ "$bad" = 0 ]
