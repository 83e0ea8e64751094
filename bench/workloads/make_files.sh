#!/bin/sh
# Creates 2,000 files of a few bytes from one shell.
mkdir files
start=$(date +%s%N)
i=0
while [ $i -lt 2000 ]; do echo "file $i" > files/f$i; i=$((i + 1)); done
end=$(date +%s%N)
[ "$(ls files | wc -l)" = 2000 ] || exit 1
rm -rf files
echo $(((end - start) / 1000000))
