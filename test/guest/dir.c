// getdents64(2), mkdir(2), rmdir(2), and readdir(3)'s positions.
#include "guest.h"
#include <dirent.h>

// Counts the entries that are not "." and "..".
static int count_entries(DIR *dir)
{
    struct dirent *entry;
    int n = 0;
    errno = 0;
    while ((entry = readdir(dir)))
        if (entry->d_name[0] != '.') n++;
    CHECK_EQ(errno, 0);
    return n;
}

static void make_entries(int count)
{
    char path[32];
    CHECK_OK(mkdir("d", 0755));
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "d/f%04d", i);
        int fd = open(path, O_CREAT | O_WRONLY, 0600);
        if (fd == -1) CHECK_OK(fd);
        close(fd);
    }
}

static void remove_entries(int count)
{
    char path[32];
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "d/f%04d", i);
        unlink(path);
    }
    CHECK_OK(rmdir("d"));
}

TEST(mkdir_modes)
{
    struct stat st;
    mode_t mask = umask(027);
    CHECK_OK(mkdir("d", 0777));
    CHECK_OK(stat("d", &st));
    CHECK_EQ(st.st_mode & 01777, 0750);
    CHECK_ERRNO(mkdir("d", 0777), EEXIST);
    CHECK_OK(rmdir("d"));
    CHECK_ERRNO(rmdir("d"), ENOENT);
    CHECK_OK(mkdirat(AT_FDCWD, "d", 01777));
    CHECK_OK(stat("d", &st));
    CHECK_EQ(st.st_mode & 07777, 01750);
    CHECK_OK(unlinkat(AT_FDCWD, "d", AT_REMOVEDIR));
    CHECK_ERRNO(mkdir(BAD_POINTER, 0700), EFAULT);
    umask(mask);
}

TEST(entries_and_types)
{
    struct dirent *entry;
    struct stat st;
    char path[300];
    int seen = 0;
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(mkdir("d/dir", 0755));
    write_file("d/file", "");
    CHECK_OK(symlink("x", "d/link"));
    CHECK_OK(mkfifo("d/pipe", 0600));
    DIR *dir = opendir("d");
    while ((entry = readdir(dir))) {
        static const struct { const char *name; int type; } known[] = {
            {".", DT_DIR}, {"..", DT_DIR}, {"dir", DT_DIR}, {"file", DT_REG}, {"link", DT_LNK}, {"pipe", DT_FIFO}};
        for (size_t i = 0; i < COUNT(known); i++) {
            if (strcmp(entry->d_name, known[i].name) != 0) continue;
            seen |= 1 << i;
            CHECK(entry->d_type == known[i].type || entry->d_type == DT_UNKNOWN);
        }
        snprintf(path, sizeof path, "d/%s", entry->d_name);
        CHECK_OK(lstat(path, &st));
        if (strcmp(entry->d_name, "..") != 0) CHECK_EQ(entry->d_ino, st.st_ino);
    }
    CHECK_EQ(seen, 63);
    closedir(dir);
    CHECK_OK(unlink("d/file"));
    CHECK_OK(unlink("d/link"));
    CHECK_OK(unlink("d/pipe"));
    CHECK_OK(rmdir("d/dir"));
    CHECK_OK(rmdir("d"));
}

TEST(many_entries)
{
    enum { N = 2000 };
    char seen[N] = {0};
    struct dirent *entry;
    int n = 0, index;
    make_entries(N);
    DIR *dir = opendir("d");
    while ((entry = readdir(dir))) {
        if (sscanf(entry->d_name, "f%d", &index) != 1) continue;
        CHECK(index >= 0 && index < N && !seen[index]);
        seen[index] = 1;
        n++;
    }
    CHECK_EQ(n, N);
    rewinddir(dir);
    CHECK_EQ(count_entries(dir), N);
    closedir(dir);
    remove_entries(N);
}

TEST(positions)
{
    char name[256];
    struct dirent *entry;
    make_entries(50);
    DIR *dir = opendir("d");
    for (int i = 0; i < 20; i++) readdir(dir);
    long position = telldir(dir);
    entry = readdir(dir);
    snprintf(name, sizeof name, "%s", entry->d_name);
    for (int i = 0; i < 10; i++) readdir(dir);
    seekdir(dir, position);
    entry = readdir(dir);
    CHECK_STR(entry->d_name, name);
    rewinddir(dir);
    CHECK_EQ(count_entries(dir), 50);
    // rewinddir(3) also makes new entries visible.
    write_file("d/new", "");
    rewinddir(dir);
    CHECK_EQ(count_entries(dir), 51);
    closedir(dir);
    CHECK_OK(unlink("d/new"));
    remove_entries(50);
}

TEST(remove_while_reading)
{
    // rm -r reads and unlinks in turn; each entry must still come exactly once.
    enum { N = 1500 };
    char path[300];
    struct dirent *entry;
    int removed = 0;
    make_entries(N);
    DIR *dir = opendir("d");
    while ((entry = readdir(dir))) {
        if (entry->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "d/%s", entry->d_name);
        CHECK_OK(unlink(path));
        removed++;
    }
    closedir(dir);
    CHECK_EQ(removed, N);
    CHECK_OK(rmdir("d"));
}

TEST(raw_records)
{
    // getdents64(2): records are 8-aligned, never split, and a buffer too small for one is EINVAL.
    struct record { uint64_t ino; int64_t off; uint16_t length; uint8_t type; char name[]; };
    char buffer[256] __attribute__((aligned(8)));
    long n;
    int total = 0;
    make_entries(40);
    int fd = CHECK_OK(open("d", O_RDONLY | O_DIRECTORY));
    CHECK_ERRNO(syscall(SYS_getdents64, fd, buffer, 8), EINVAL);
    while ((n = CHECK_OK(syscall(SYS_getdents64, fd, buffer, sizeof buffer))) > 0) {
        CHECK(n <= (long)sizeof buffer);
        for (long at = 0; at < n;) {
            struct record *r = (void *)(buffer + at);
            CHECK(r->length % 8 == 0 && r->length >= offsetof(struct record, name) + strlen(r->name) + 1);
            at += r->length;
            CHECK(at <= n);
            total++;
            if (r->length == 0) break;
        }
    }
    CHECK_EQ(n, 0);
    CHECK_EQ(total, 42);
    CHECK_EQ(syscall(SYS_getdents64, fd, buffer, sizeof buffer), 0);
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    CHECK(syscall(SYS_getdents64, fd, buffer, sizeof buffer) > 0);
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    CHECK_ERRNO(syscall(SYS_getdents64, fd, BAD_POINTER, 4096), EFAULT);
    CHECK_OK(close(fd));
    CHECK_ERRNO(syscall(SYS_getdents64, fd, buffer, sizeof buffer), EBADF);
    fd = CHECK_OK(open("/dev/null", O_RDONLY));
    CHECK_ERRNO(syscall(SYS_getdents64, fd, buffer, sizeof buffer), ENOTDIR);
    CHECK_OK(close(fd));
    remove_entries(40);
}

TEST(removed_directory_reads_empty)
{
    char buffer[512];
    CHECK_OK(mkdir("d", 0755));
    int fd = CHECK_OK(open("d", O_RDONLY | O_DIRECTORY));
    CHECK_OK(rmdir("d"));
    CHECK_ERRNO(syscall(SYS_getdents64, fd, buffer, sizeof buffer), ENOENT);
    CHECK_OK(close(fd));
}

TEST(sticky_directory)
{
    pid_t pid;
    if (!is_root()) return; // needs two users
    CHECK_OK(mkdir("d", 0777));
    CHECK_OK(chmod("d", 01777));
    write_file("d/theirs", "");
    IN_CHILD(pid) {
        become_nobody();
        CHECK_ERRNO(unlink("d/theirs"), EPERM);
        CHECK_ERRNO(rename("d/theirs", "d/x"), EPERM);
        write_file("d/mine", "");
        CHECK_OK(unlink("d/mine"));
    }
    CHECK_EXIT(pid, 0);
    CHECK_OK(unlink("d/theirs"));
    CHECK_OK(rmdir("d"));
}
