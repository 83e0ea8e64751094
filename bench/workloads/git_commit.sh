#!/bin/sh
# git init, add and commit of 2,000 files.
export HOME="$PWD" GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=C GIT_COMMITTER_EMAIL=c@example.org
mkdir files
i=0
while [ $i -lt 2000 ]; do echo "file $i needle$((i % 10))" > files/f$i; i=$((i + 1)); done
cd files
start=$(date +%s%N)
git init -q -b main . && git add . && git commit -qm all || exit 1
end=$(date +%s%N)
cd ..
rm -rf files
echo $(((end - start) / 1000000))
