#!/bin/bash
# Runs every case of commands.txt twice on the host and reports the ones whose output, error output or exit status differ,
# and the ones that say they could not run. Usage: selfcheck.sh [-v] [NAME ...]     (-v shows each case's output)
# This is also the reference for how a runner must run a case; the rules stand at the top of commands.txt.
here=$(cd "$(dirname "$0")" && pwd)
verbose=0; [ "$1" = -v ] && { verbose=1; shift; }
total=0 skipped=0 unstable=0
work=$(mktemp -d /tmp/corpus.XXXXXX); trap 'rm -rf "$work"' EXIT

run_case() { # name, needs, body, output file
    local name=$1 needs=$2 body=$3 out=$4 dir=/tmp/corpus-case
    rm -rf "$dir"; mkdir -m 755 "$dir"
    for p in $needs; do command -v "$p" >/dev/null || { echo SKIP >"$out"; rm -rf "$dir"; return; }; done
    printf '%s' "$body" >/tmp/corpus-case.sh
    ( cd "$dir" && exec env -i PATH=/usr/local/bin:/usr/bin:/bin HOME="$dir" TMPDIR="$dir" LC_ALL=C TZ=UTC TERM=dumb USER=corpus PYTHONDONTWRITEBYTECODE=1 \
        GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=C GIT_COMMITTER_EMAIL=c@example.org \
        GIT_AUTHOR_DATE='1700000000 +0000' GIT_COMMITTER_DATE='1700000000 +0000' \
        timeout -k 5 60 bash /tmp/corpus-case.sh >"$out" 2>"$out.err" </dev/null )
    local status=$?
    { echo "--stderr--"; cat "$out.err"; echo "--status-- $status"; } >>"$out"
    rm -f "$out.err" /tmp/corpus-case.sh; rm -rf "$dir"
}

finish() { # runs the case collected so far
    [ -n "$name" ] || return
    [ ${#only[@]} -eq 0 ] || [[ " ${only[*]} " == *" $name "* ]] || { name=; return; }
    total=$((total + 1))
    local began=$SECONDS
    run_case "$name" "$needs" "$body" "$work/1"
    if [ "$(cat "$work/1")" = SKIP ]; then skipped=$((skipped + 1)); echo "skipped $name (needs $needs)"; name=; return; fi
    run_case "$name" "$needs" "$body" "$work/2"
    if ! cmp -s "$work/1" "$work/2"; then unstable=$((unstable + 1)); echo "UNSTABLE $name"; diff "$work/1" "$work/2" | head -10; fi
    [ $((SECONDS - began)) -lt 10 ] || echo "slow: $name, $((SECONDS - began)) s for two runs"
    # 124 and 137 are the time limit; 127 is a missing command.
    grep -q -x -e '--status-- 124' -e '--status-- 137' -e '--status-- 127' "$work/1" && { unstable=$((unstable + 1)); echo "DID NOT RUN $name"; cat "$work/1"; }
    [ $verbose = 1 ] && { echo "=== $name"; cat "$work/1"; }
    name=
}

only=("$@") name= needs= body=
while IFS= read -r line || [ -n "$line" ]; do
    case $line in
        '### '*) finish; set -- ${line#\#\#\# }; name=$1; shift; needs=$*; body= ;;
        *) [ -n "$name" ] && body+="$line"$'\n' ;;
    esac
done <"$here/commands.txt"
finish
echo "$total cases, $skipped skipped, $unstable unstable"
[ $unstable = 0 ]
