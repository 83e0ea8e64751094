#!/bin/sh
# Allocates and frees blocks of many sizes, large ones too, so that the C library maps, trims and unmaps memory.
cat > w.c <<'C'
#include <stdlib.h>
#include <string.h>
int main(void)
{
    static char *block[1024];
    unsigned seed = 1;
    for (int i = 0; i < 300000; i++) {
        seed = seed * 1103515245 + 12345;
        unsigned at = seed >> 22, size = i % 100 == 0 ? 256 * 1024 : 16 + (seed >> 8) % 8192;
        free(block[at]);
        if (!(block[at] = malloc(size))) return 1;
        memset(block[at], i, size < 4096 ? size : 4096);
    }
    return 0;
}
C
gcc -O2 w.c -o w || exit 1
start=$(date +%s%N)
./w || exit 1
end=$(date +%s%N)
rm -f w w.c
echo $(((end - start) / 1000000))
