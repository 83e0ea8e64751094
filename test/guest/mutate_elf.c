// Makes damaged ELF programs out of a sound one, for tests of the program loader: the same input, count and seed give the same files.
//
//   mutate_elf INPUT DIRECTORY COUNT SEED
//
// Writes DIRECTORY/NNNN-what for N = 0 ... COUNT - 1 and prints each name. First come the systematic ones (truncations at every header
// boundary, every field of the ELF header and of each program header with each nasty value, PT_INTERP in all its wrong forms); when
// those are used up, seeded random ones: bit flips in the headers, several nasty fields at once, bytes anywhere. COUNT 0 means the
// systematic ones only. Take a small INPUT: every file is a copy of it. execve(2) of any of them may fail or the program may die; the kernel must not mind.
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static unsigned char *input, *image; // the sound program; the one being damaged
static size_t input_size, size;
static const char *directory;
static long wanted, made;
static uint64_t state;
#define EHDR ((Elf64_Ehdr *)image)
#define PHDR(i) ((Elf64_Phdr *)(image + ((Elf64_Ehdr *)input)->e_phoff) + (i))
#define SLACK 8192 // room behind the program for strings that are added

static uint64_t next_random(void) // xorshift64*
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545f4914f6cdd1d;
}

static void begin(void)
{
    memcpy(image, input, input_size);
    memset(image + input_size, 0, SLACK);
    size = input_size;
}

static int full(void) { return wanted && made >= wanted; }

static void path_of(char *path, size_t room, const char *format, va_list args)
{
    int n = snprintf(path, room, "%s/%04ld-", directory, made);
    vsnprintf(path + n, room - n, format, args);
}

__attribute__((format(printf, 1, 2))) static void write_out(const char *format, ...)
{
    char path[4096];
    va_list args;
    if (full()) return;
    va_start(args, format);
    path_of(path, sizeof path, format, args);
    va_end(args);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);
    if (fd == -1 || write(fd, image, size) != (ssize_t)size || fchmod(fd, 0755) == -1 || close(fd) == -1) {
        perror(path);
        exit(1);
    }
    puts(strrchr(path, '/') + 1);
    made++;
}

// --- Fields and the values that hurt ---
struct field { const char *name; size_t offset, size; };
#define E(f) {#f, offsetof(Elf64_Ehdr, f), sizeof ((Elf64_Ehdr *)0)->f}
#define P(f) {#f, offsetof(Elf64_Phdr, f), sizeof ((Elf64_Phdr *)0)->f}
static const struct field ehdr_fields[] = {{"ei_mag0", 0, 1}, {"ei_class", EI_CLASS, 1}, {"ei_data", EI_DATA, 1}, {"ei_version", EI_VERSION, 1},
    {"ei_osabi", EI_OSABI, 1}, E(e_type), E(e_machine), E(e_version), E(e_entry), E(e_phoff), E(e_shoff), E(e_flags), E(e_ehsize), E(e_phentsize),
    E(e_phnum), E(e_shentsize), E(e_shnum), E(e_shstrndx)};
static const struct field phdr_fields[] = {P(p_type), P(p_flags), P(p_offset), P(p_vaddr), P(p_paddr), P(p_filesz), P(p_memsz), P(p_align)};
#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

static uint64_t nasty(size_t i)
{
    const uint64_t values[] = {0, 1, 2, 3, 0xff, 0xffff, 0x7fffffff, 0xffffffff, ~0ULL, 1ULL << 63, 1ULL << 62, 1ULL << 47, (1ULL << 47) - 4096,
        0xffffffff81000000, 40, 62, 183, 4095, 4097, input_size, input_size - 1, input_size + 1, input_size & -4096ULL, 1ULL << 40, 55, 57, 64};
    return i < COUNT_OF(values) ? values[i] : 0;
}
enum { NASTY = 27 };

static void set(unsigned char *at, size_t bytes, uint64_t value) { memcpy(at, &value, bytes); } // little-endian

static int same_as_before(const struct field *f, size_t base, uint64_t value)
{
    uint64_t old = 0, cut = f->size == 8 ? value : value & ((1ULL << (8 * f->size)) - 1);
    memcpy(&old, input + base + f->offset, f->size);
    return old == cut || (f->size < 8 && cut != value && value != ~0ULL); // nothing new, or a duplicate by truncation
}

// --- The systematic ones ---
static void truncate_at(size_t at, const char *what)
{
    if (at >= input_size) return;
    begin();
    size = at;
    write_out("cut-%zu-%s", at, what);
}

static void truncations(void)
{
    const Elf64_Ehdr *e = (void *)input;
    const Elf64_Phdr *p = (void *)(input + e->e_phoff);
    static const size_t fixed[] = {0, 1, 3, 4, 5, 15, 16, 18, 24, 52, 63, 64, 65};
    for (size_t i = 0; i < COUNT_OF(fixed); i++) truncate_at(fixed[i], "ehdr");
    for (int i = 0; i < e->e_phnum; i++) {
        truncate_at(e->e_phoff + i * sizeof *p + 1, "phdr");
        truncate_at(e->e_phoff + (i + 1) * sizeof *p, "phdr-end");
        truncate_at(p[i].p_offset, "segment-start");
        truncate_at(p[i].p_offset + p[i].p_filesz / 2, "segment-middle");
        if (p[i].p_filesz) truncate_at(p[i].p_offset + p[i].p_filesz - 1, "segment-last-byte");
    }
    truncate_at(input_size / 2, "half");
    truncate_at(input_size - 1, "last-byte");
}

static void every_field(void)
{
    for (size_t f = 0; f < COUNT_OF(ehdr_fields); f++)
        for (size_t v = 0; v < NASTY; v++) {
            if (same_as_before(&ehdr_fields[f], 0, nasty(v))) continue;
            begin();
            set(image + ehdr_fields[f].offset, ehdr_fields[f].size, nasty(v));
            write_out("%s-%lx", ehdr_fields[f].name, (unsigned long)nasty(v));
        }
    const Elf64_Ehdr *e = (void *)input;
    for (int i = 0; i < e->e_phnum; i++)
        for (size_t f = 0; f < COUNT_OF(phdr_fields); f++)
            for (size_t v = 0; v < NASTY; v++) {
                size_t base = e->e_phoff + i * sizeof(Elf64_Phdr);
                if (same_as_before(&phdr_fields[f], base, nasty(v))) continue;
                begin();
                set(image + base + phdr_fields[f].offset, phdr_fields[f].size, nasty(v));
                write_out("phdr%d-%s-%lx", i, phdr_fields[f].name, (unsigned long)nasty(v));
            }
}

// Indices of the first and second PT_LOAD, and of a header that may become something else.
static int load(int nth)
{
    for (int i = 0; i < ((Elf64_Ehdr *)input)->e_phnum; i++)
        if (((Elf64_Phdr *)(input + ((Elf64_Ehdr *)input)->e_phoff))[i].p_type == PT_LOAD && nth-- == 0) return i;
    return -1;
}
static int spare(void)
{
    for (int i = ((Elf64_Ehdr *)input)->e_phnum - 1; i >= 0; i--)
        if (((Elf64_Phdr *)(input + ((Elf64_Ehdr *)input)->e_phoff))[i].p_type != PT_LOAD) return i;
    return -1;
}

static void segments(void)
{
    int a = load(0), b = load(1);
    if (b == -1) return;
    begin();
    Elf64_Phdr swapped = *PHDR(a);
    *PHDR(a) = *PHDR(b);
    *PHDR(b) = swapped;
    write_out("loads-backwards");
    begin();
    PHDR(b)->p_vaddr = PHDR(a)->p_vaddr;
    write_out("loads-on-top-of-each-other");
    begin();
    PHDR(b)->p_vaddr = PHDR(a)->p_vaddr + 4096;
    PHDR(b)->p_memsz += 1 << 20;
    write_out("loads-overlapping");
    begin();
    for (int i = 0; i < EHDR->e_phnum; i++) *PHDR(i) = *PHDR(a);
    write_out("loads-all-the-same");
    begin();
    for (int i = 0; i < EHDR->e_phnum; i++)
        if (PHDR(i)->p_type == PT_LOAD) PHDR(i)->p_type = PT_NULL;
    write_out("loads-none");
    begin();
    for (int i = 0; i < EHDR->e_phnum; i++) PHDR(i)->p_flags = 0;
    write_out("loads-no-permission");
    begin();
    for (int i = 0; i < EHDR->e_phnum; i++)
        if (PHDR(i)->p_type == PT_LOAD) PHDR(i)->p_vaddr += 0x7ffffff00000 - 0x400000;
    write_out("loads-at-the-stack");
    begin();
    EHDR->e_entry = PHDR(b)->p_vaddr + PHDR(b)->p_memsz + (1 << 30);
    write_out("entry-outside");
    begin();
    EHDR->e_type = ET_DYN;
    write_out("position-independent");
    begin();
    PHDR(b)->p_memsz = PHDR(b)->p_filesz ? PHDR(b)->p_filesz - 1 : 0;
    write_out("memsz-below-filesz");
    begin();
    PHDR(a)->p_offset += 1;
    write_out("offset-not-congruent");
    begin();
    PHDR(a)->p_vaddr = 0;
    write_out("load-at-zero");
}

static void interpreter(const char *what, const void *text, size_t bytes, uint64_t told, uint64_t at)
{
    begin();
    Elf64_Phdr *p = PHDR(spare());
    memset(p, 0, sizeof *p);
    p->p_type = PT_INTERP;
    p->p_flags = PF_R;
    p->p_offset = at ? at : input_size;
    p->p_filesz = p->p_memsz = told;
    memcpy(image + input_size, text, bytes);
    size = input_size + bytes;
    write_out("interp-%s", what);
}

static void interpreters(void)
{
    char self[4096], longest[5000];
    if (spare() == -1) return;
#define STRING(what, s) interpreter(what, s, sizeof s, sizeof s, 0)
    STRING("missing", "/none/such/interpreter");
    STRING("directory", "/");
    STRING("dev-zero", "/dev/zero");
    STRING("dev-null", "/dev/null");
    STRING("text", "/proc/version");
    STRING("relative", "none");
    STRING("empty", "");
    interpreter("no-nul", "/bin/true", 9, 9, 0);
    interpreter("zero-size", "", 1, 0, 0);
    interpreter("one-byte", "x", 1, 1, 0);
    memset(longest, 'x', sizeof longest);
    longest[0] = '/';
    longest[4095] = 0;
    interpreter("path-max", longest, 4096, 4096, 0);
    longest[4095] = 'x';
    longest[4999] = 0;
    interpreter("too-long", longest, 5000, 5000, 0);
    interpreter("huge", "/bin/true", 10, 1ULL << 40, 0);
    interpreter("all-ones", "/bin/true", 10, ~0ULL, 0);
    interpreter("offset-all-ones", "/bin/true", 10, 10, ~0ULL);
    interpreter("beyond-the-end", "/bin/true", 10, 10, input_size + (1 << 20));
    interpreter("is-the-elf-header", "", 1, 64, 0x0 + 1);
    // Itself: the kernel must not follow it for ever.
    char *full_directory = realpath(directory, NULL);
    int n = snprintf(self, sizeof self, "%s/%04ld-interp-itself", full_directory, made);
    free(full_directory);
    interpreter("itself", self, n + 1, n + 1, 0);
    begin();
    for (int i = 0; i < EHDR->e_phnum; i++)
        if (PHDR(i)->p_type != PT_LOAD) {
            memset(PHDR(i), 0, sizeof(Elf64_Phdr));
            PHDR(i)->p_type = PT_INTERP;
            PHDR(i)->p_offset = input_size;
            PHDR(i)->p_filesz = 10;
        }
    memcpy(image + input_size, "/bin/true", 10);
    size = input_size + 10;
    write_out("interp-several");
}

// --- The random ones ---
static void random_one(void)
{
    const Elf64_Ehdr *e = (void *)input;
    size_t headers = e->e_phoff + e->e_phnum * sizeof(Elf64_Phdr);
    begin();
    int kind = next_random() % 4, times = 1 + next_random() % 6;
    for (int i = 0; i < times; i++) {
        uint64_t r = next_random();
        if (kind == 0) { // a bit of the headers
            image[r % headers] ^= 1 << (r >> 60 & 7);
        } else if (kind == 1) { // a nasty value in some field
            const struct field *f = &phdr_fields[r % COUNT_OF(phdr_fields)];
            size_t base = e->e_phoff + (r >> 16) % e->e_phnum * sizeof(Elf64_Phdr);
            if (r >> 40 & 1) f = &ehdr_fields[(r >> 8) % COUNT_OF(ehdr_fields)], base = 0;
            set(image + base + f->offset, f->size, nasty((r >> 32) % NASTY));
        } else if (kind == 2) { // a byte anywhere
            image[r % input_size] = r >> 56;
        } else { // a field a little off
            size_t at = e->e_phoff + (r >> 16) % e->e_phnum * sizeof(Elf64_Phdr) + 8 * (1 + r % 6);
            uint64_t value;
            memcpy(&value, image + at, 8);
            set(image + at, 8, value + (int64_t)(r >> 40 & 0x3fff) - 0x2000);
        }
    }
    if (next_random() % 8 == 0) size = next_random() % input_size;
    static const char *kinds[] = {"bits", "fields", "bytes", "offsets"};
    write_out("random-%s-%d", kinds[kind], times);
}

int main(int argc, char **argv)
{
    struct stat st;
    int fd;
    if (argc != 5) return fprintf(stderr, "usage: mutate_elf INPUT DIRECTORY COUNT SEED\n"), 2;
    directory = argv[2];
    wanted = atol(argv[3]);
    state = strtoull(argv[4], NULL, 0) * 0x9e3779b97f4a7c15 + 1;
    if ((fd = open(argv[1], O_RDONLY)) == -1 || fstat(fd, &st) == -1) return perror(argv[1]), 1;
    input_size = st.st_size;
    input = malloc(input_size);
    image = malloc(input_size + SLACK);
    if (!input || !image || read(fd, input, input_size) != (ssize_t)input_size) return perror("read"), 1;
    const Elf64_Ehdr *e = (void *)input;
    if (input_size < sizeof *e || memcmp(input, ELFMAG, SELFMAG) || e->e_phoff + e->e_phnum * sizeof(Elf64_Phdr) > input_size)
        return fprintf(stderr, "%s: not a sound 64-bit ELF file\n", argv[1]), 1;
    mkdir(directory, 0755);
    truncations();
    segments();
    interpreters();
    every_field();
    while (wanted && !full()) random_one();
    return 0;
}
