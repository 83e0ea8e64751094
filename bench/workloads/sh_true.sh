#!/bin/sh
# Starts /bin/true a hundred times from a shell. Like every workload: works in the current directory, sets up untimed, and prints the
# milliseconds of the timed part on its last line.
start=$(date +%s%N)
i=0
while [ $i -lt 100 ]; do /bin/true; i=$((i + 1)); done
end=$(date +%s%N)
echo $(((end - start) / 1000000))
