#!/bin/sh
# Compiles a small file with gcc -O2 five times.
cat > w.c <<'C'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static int compare(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }
int main(int argc, char **argv) { qsort(argv, argc, sizeof *argv, compare); for (int i = 0; i < argc; i++) puts(argv[i]); return 0; }
C
gcc -O2 -c w.c -o w.o || exit 1
start=$(date +%s%N)
for i in 1 2 3 4 5; do gcc -O2 w.c -o w || exit 1; done
end=$(date +%s%N)
rm -f w.c w.o w
echo $(((end - start) / 1000000))
