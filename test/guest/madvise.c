// madvise(2): the advice that changes what programs see (DONTNEED, FREE, REMOVE, DONTFORK, WIPEONFORK), and the rest as no-ops.
#include "guest.h"

#define RW (PROT_READ | PROT_WRITE)

static char *map(size_t pages)
{
    char *p = mmap(NULL, pages * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(p != MAP_FAILED);
    memset(p, 'a', pages * PAGE);
    return p;
}

TEST(dontneed_zeroes)
{
    char *p = map(4);
    CHECK_OK(madvise(p + PAGE, 2 * PAGE, MADV_DONTNEED));
    CHECK(p[0] == 'a' && p[PAGE] == 0 && p[3 * PAGE - 1] == 0 && p[3 * PAGE] == 'a');
    p[PAGE] = 'b';
    CHECK_EQ(p[PAGE], 'b');
    CHECK_OK(munmap(p, 4 * PAGE));
}

TEST(dontneed_on_files)
{
    char text[PAGE];
    memset(text, 'f', PAGE);
    int fd = CHECK_OK(open("f", O_RDWR | O_CREAT, 0600));
    CHECK_EQ(write(fd, text, PAGE), PAGE);
    char *private = mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0), *shared = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0);
    private[0] = 'p';
    shared[1] = 's';
    CHECK_OK(madvise(private, PAGE, MADV_DONTNEED));
    CHECK_OK(madvise(shared, PAGE, MADV_DONTNEED));
    CHECK(private[0] == 'f' && private[1] == 's'); // back to the file's contents
    CHECK_EQ(shared[1], 's');                      // shared changes are never lost
    CHECK_OK(munmap(private, PAGE));
    CHECK_OK(munmap(shared, PAGE));
    CHECK_OK(close(fd));
    CHECK_OK(unlink("f"));
}

TEST(free_is_lazy)
{
    char *p = map(2);
    CHECK_OK(madvise(p, 2 * PAGE, MADV_FREE));
    CHECK(p[0] == 'a' || p[0] == 0); // until the kernel needs the memory, either
    p[0] = 'b';
    CHECK_EQ(p[0], 'b');
    CHECK_OK(munmap(p, 2 * PAGE));
}

TEST(dontfork)
{
    pid_t pid;
    char *p = map(2);
    CHECK_OK(madvise(p, PAGE, MADV_DONTFORK));
    IN_CHILD(pid) {
        CHECK_EQ(p[PAGE], 'a');
        p[0] = 'x'; // not there
    }
    CHECK_KILLED(pid, SIGSEGV);
    CHECK_EQ(p[0], 'a');
    CHECK_OK(madvise(p, PAGE, MADV_DOFORK));
    IN_CHILD(pid) CHECK_EQ(p[0], 'a');
    CHECK_EXIT(pid, 0);
    CHECK_OK(munmap(p, 2 * PAGE));
}

TEST(wipeonfork)
{
    pid_t pid;
    char *p = map(1);
    CHECK_OK(madvise(p, PAGE, MADV_WIPEONFORK));
    IN_CHILD(pid) CHECK_EQ(p[0], 0);
    CHECK_EXIT(pid, 0);
    CHECK_EQ(p[0], 'a');
    CHECK_OK(madvise(p, PAGE, MADV_KEEPONFORK));
    IN_CHILD(pid) CHECK_EQ(p[0], 'a');
    CHECK_EXIT(pid, 0);
    CHECK_OK(munmap(p, PAGE));
}

TEST(remove_punches_shared_memory)
{
    int fd = CHECK_OK(memfd_create("m", 0));
    CHECK_OK(ftruncate(fd, 2 * PAGE));
    char *p = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 0), byte = 1;
    memset(p, 'a', 2 * PAGE);
    CHECK_OK(madvise(p, PAGE, MADV_REMOVE));
    CHECK(p[0] == 0 && p[PAGE] == 'a');
    CHECK_EQ(pread(fd, &byte, 1, 0), 1);
    CHECK_EQ(byte, 0);
    CHECK_OK(munmap(p, 2 * PAGE));
    CHECK_OK(close(fd));
}

TEST(hints_change_nothing)
{
    static const int hints[] = {MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, MADV_COLD, MADV_PAGEOUT, MADV_DONTDUMP, MADV_DODUMP};
    char *p = map(4);
    for (size_t i = 0; i < COUNT(hints); i++) CHECK_OK(madvise(p, 4 * PAGE, hints[i]));
    // Compiled in or not, these may not hurt.
    CHECK(madvise(p, 4 * PAGE, MADV_HUGEPAGE) == 0 || errno == EINVAL);
    CHECK(madvise(p, 4 * PAGE, MADV_NOHUGEPAGE) == 0 || errno == EINVAL);
    CHECK(madvise(p, 4 * PAGE, MADV_MERGEABLE) == 0 || errno == EINVAL);
    CHECK_OK(madvise(p, 4 * PAGE, MADV_POPULATE_WRITE));
    for (int i = 0; i < 4; i++) CHECK_EQ(p[i * PAGE], 'a');
    CHECK_OK(munmap(p, 4 * PAGE));
}

TEST(errors)
{
    char *p = map(2);
    CHECK_ERRNO(madvise(p + 1, PAGE, MADV_DONTNEED), EINVAL);
    CHECK_ERRNO(madvise(p, PAGE, 9999), EINVAL);
    CHECK_OK(madvise(p, 0, MADV_DONTNEED));
    CHECK_ERRNO(madvise(p, -1UL & -PAGE, MADV_DONTNEED), EINVAL);
    CHECK_OK(munmap(p + PAGE, PAGE));
    CHECK_ERRNO(madvise(p, 2 * PAGE, MADV_DONTNEED), ENOMEM); // the mapped part is done all the same
    CHECK_EQ(p[0], 0);
    CHECK_OK(munmap(p, PAGE));
}

TEST(fadvise_and_readahead)
{
    int ends[2], fd = CHECK_OK(open("f", O_RDWR | O_CREAT, 0600));
    CHECK_EQ(posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL), 0);
    CHECK_EQ(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
    CHECK_EQ(posix_fadvise(fd, 0, 0, 99), EINVAL);
    CHECK_EQ(posix_fadvise(-1, 0, 0, 0), EBADF);
    CHECK_OK(readahead(fd, 0, 100));
    CHECK_OK(pipe(ends));
    CHECK_EQ(posix_fadvise(ends[0], 0, 0, POSIX_FADV_NORMAL), ESPIPE);
    CHECK_OK(close(ends[0]));
    CHECK_OK(close(ends[1]));
    CHECK_OK(close(fd));
    CHECK_OK(unlink("f"));
}
