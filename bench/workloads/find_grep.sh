#!/bin/sh
# Finds 2,000 files and greps them all.
mkdir files
i=0
while [ $i -lt 2000 ]; do echo "file $i needle$((i % 10))" > files/f$i; i=$((i + 1)); done
start=$(date +%s%N)
found=$(find files -type f -print0 | xargs -0 grep -l needle7 | wc -l)
end=$(date +%s%N)
[ "$found" = 200 ] || exit 1
rm -rf files
echo $(((end - start) / 1000000))
