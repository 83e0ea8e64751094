#!/bin/sh
# Unpacks 2,000 files with tar.
mkdir files
i=0
while [ $i -lt 2000 ]; do echo "file $i needle$((i % 10))" > files/f$i; i=$((i + 1)); done
tar cf files.tar files || exit 1
rm -rf files
start=$(date +%s%N)
tar xf files.tar || exit 1
end=$(date +%s%N)
[ "$(ls files | wc -l)" = 2000 ] || exit 1
rm -rf files files.tar
echo $(((end - start) / 1000000))
