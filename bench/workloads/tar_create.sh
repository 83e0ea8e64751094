#!/bin/sh
# Packs 2,000 files with tar.
mkdir files
i=0
while [ $i -lt 2000 ]; do echo "file $i needle$((i % 10))" > files/f$i; i=$((i + 1)); done
start=$(date +%s%N)
tar cf files.tar files || exit 1
end=$(date +%s%N)
rm -rf files files.tar
echo $(((end - start) / 1000000))
