// open(2), openat(2), openat2(2), creat(2): what each flag does and every errno a test can bring about.
#define GUEST_HELPER helper
#include "guest.h"
#include <linux/openat2.h>

// "@wait OUT IN": says that it runs, waits for a byte.
static int helper(int argc, char **argv)
{
    if (argc != 4) return 1;
    pipe_signal(atoi(argv[2]));
    pipe_wait(atoi(argv[3]));
    return guest_failures != 0;
}

static int openat2(int dir, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
    struct open_how how = {flags, mode, resolve};
    return syscall(SYS_openat2, dir, path, &how, sizeof how);
}

// Opens, closes, and tells only whether it worked: for tests that are about the errno.
static int try_open(const char *path, int flags)
{
    int fd = open(path, flags, 0644);
    if (fd != -1) close(fd);
    return fd == -1 ? -1 : 0;
}

TEST(create_and_exclusive)
{
    struct stat st;
    mode_t mask = umask(022);
    CHECK_ERRNO(try_open("f", O_RDONLY), ENOENT);
    int fd = CHECK_OK(open("f", O_CREAT | O_EXCL | O_RDWR, 0666));
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_mode, S_IFREG | 0644);
    CHECK_EQ(st.st_size, 0);
    CHECK_EQ(st.st_nlink, 1);
    CHECK_OK(close(fd));
    CHECK_ERRNO(try_open("f", O_CREAT | O_EXCL | O_RDWR), EEXIST);
    CHECK_OK(try_open("f", O_CREAT | O_RDWR));
    // O_EXCL never follows a link, not even a dangling one.
    CHECK_OK(symlink("nowhere", "l"));
    CHECK_ERRNO(try_open("l", O_CREAT | O_EXCL | O_RDWR), EEXIST);
    // Without O_EXCL, O_CREAT creates the dangling link's target.
    CHECK_OK(try_open("l", O_CREAT | O_WRONLY));
    CHECK_OK(unlink("nowhere"));
    CHECK_OK(unlink("l"));
    CHECK_OK(unlink("f"));
    umask(mask);
}

TEST(mode_of_new_file_does_not_bind_creator)
{
    int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0000));
    CHECK_EQ(write(fd, "x", 1), 1);
    CHECK_OK(close(fd));
    CHECK_OK(unlink("f"));
}

TEST(truncate_flag)
{
    char text[16];
    write_file("f", "content");
    CHECK_OK(try_open("f", O_WRONLY));
    CHECK_EQ(read_file("f", text, sizeof text), 7);
    CHECK_OK(try_open("f", O_WRONLY | O_TRUNC));
    CHECK_EQ(read_file("f", text, sizeof text), 0);
    int fd = CHECK_OK(creat("f", 0600));
    CHECK_ERRNO(read(fd, text, 1), EBADF);
    CHECK_OK(close(fd));
    CHECK_OK(unlink("f"));
}

TEST(lowest_descriptor)
{
    int a = CHECK_OK(open("/dev/null", O_RDONLY)), b = CHECK_OK(open("/dev/null", O_RDONLY));
    CHECK_EQ(b, a + 1);
    CHECK_OK(close(a));
    CHECK_EQ(open("/dev/null", O_RDONLY), a);
    CHECK_OK(close(a));
    CHECK_OK(close(b));
}

TEST(status_flags_are_kept)
{
    int fd = CHECK_OK(open("f", O_CREAT | O_EXCL | O_TRUNC | O_RDWR | O_APPEND | O_NONBLOCK | O_CLOEXEC, 0600));
    int flags = CHECK_OK(fcntl(fd, F_GETFL));
    CHECK_EQ(flags & O_ACCMODE, O_RDWR);
    CHECK_EQ(flags & (O_APPEND | O_NONBLOCK), O_APPEND | O_NONBLOCK);
    CHECK_EQ(flags & (O_CREAT | O_EXCL | O_TRUNC | O_CLOEXEC), 0);
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_OK(close(fd));
    CHECK_OK(unlink("f"));
}

TEST(directories)
{
    CHECK_OK(mkdir("d", 0755));
    write_file("f", "");
    CHECK_OK(try_open("d", O_RDONLY));
    CHECK_OK(try_open("d", O_RDONLY | O_DIRECTORY));
    CHECK_ERRNO(try_open("d", O_WRONLY), EISDIR);
    CHECK_ERRNO(try_open("d", O_RDWR), EISDIR);
    CHECK_ERRNO(try_open("d", O_CREAT | O_RDONLY), EISDIR);
    CHECK_ERRNO(try_open("f", O_RDONLY | O_DIRECTORY), ENOTDIR);
    CHECK_ERRNO(try_open("f/x", O_RDONLY), ENOTDIR);
    CHECK_ERRNO(try_open("missing/x", O_CREAT | O_RDWR), ENOENT);
    CHECK_ERRNO(try_open("", O_RDONLY), ENOENT);
    CHECK_ERRNO(try_open(BAD_POINTER, O_RDONLY), EFAULT);
    CHECK_OK(rmdir("d"));
    CHECK_OK(unlink("f"));
}

TEST(nofollow)
{
    write_file("f", "x");
    CHECK_OK(symlink("f", "l"));
    CHECK_OK(try_open("l", O_RDONLY));
    CHECK_ERRNO(try_open("l", O_RDONLY | O_NOFOLLOW), ELOOP);
    CHECK_ERRNO(try_open("l", O_RDONLY | O_NOFOLLOW | O_DIRECTORY), ENOTDIR);
    CHECK_OK(try_open("f", O_RDONLY | O_NOFOLLOW));
    CHECK_OK(unlink("l"));
    CHECK_OK(unlink("f"));
}

TEST(path_descriptors)
{
    struct stat st;
    char text[8] = {0}, link[64];
    write_file("f", "x");
    CHECK_OK(symlink("f", "l"));
    int fd = CHECK_OK(open("f", O_PATH));
    CHECK_ERRNO(read(fd, text, 1), EBADF);
    CHECK_ERRNO(write(fd, "x", 1), EBADF);
    CHECK_ERRNO(fchmod(fd, 0600), EBADF);
    CHECK_ERRNO(lseek(fd, 0, SEEK_SET), EBADF);
    CHECK_ERRNO(ftruncate(fd, 0), EBADF);
    CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED && errno == EBADF);
    CHECK_EQ(fcntl(fd, F_GETFL) & O_PATH, O_PATH);
    CHECK_OK(fstat(fd, &st));
    CHECK(S_ISREG(st.st_mode));
    // An O_PATH descriptor is opened for real through /proc/self/fd.
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    CHECK_EQ(read_file(link, text, sizeof text), 1);
    CHECK_OK(close(fd));
    // With O_NOFOLLOW it names the link itself.
    fd = CHECK_OK(open("l", O_PATH | O_NOFOLLOW));
    CHECK_OK(fstat(fd, &st));
    CHECK(S_ISLNK(st.st_mode));
    CHECK_EQ(readlinkat(fd, "", text, sizeof text), 1);
    CHECK_OK(close(fd));
    CHECK_OK(unlink("l"));
    CHECK_OK(unlink("f"));
}

TEST(openat_relative)
{
    CHECK_OK(mkdir("d", 0755));
    write_file("d/f", "x");
    int dir = CHECK_OK(open("d", O_RDONLY | O_DIRECTORY)), fd = CHECK_OK(openat(dir, "f", O_RDONLY));
    CHECK_ERRNO(openat(fd, "g", O_RDONLY), ENOTDIR);
    CHECK_ERRNO(openat(-5, "f", O_RDONLY), EBADF);
    CHECK_OK(close(fd));
    fd = CHECK_OK(openat(-5, "/dev/null", O_RDONLY)); // an absolute path needs no directory
    CHECK_OK(close(fd));
    CHECK_OK(unlink("d/f"));
    CHECK_OK(rmdir("d"));
    CHECK_ERRNO(openat(dir, "g", O_CREAT | O_RDWR, 0600), ENOENT); // removed directory
    CHECK_OK(close(dir));
}

TEST(tmpfile)
{
    struct stat st;
    char path[64];
    int fd = open(".", O_TMPFILE | O_RDWR, 0600);
    if (fd == -1 && errno == EOPNOTSUPP) return; // open(2): not every file system has it
    CHECK(fd != -1);
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_nlink, 0);
    CHECK_EQ(write(fd, "x", 1), 1);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    CHECK_OK(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_nlink, 1);
    CHECK_OK(close(fd));
    CHECK_OK(unlink("named"));
    CHECK_ERRNO(open(".", O_TMPFILE | O_RDONLY, 0600), EINVAL);
}

TEST(openat2_rules)
{
    CHECK_OK(mkdir("d", 0755));
    write_file("f", "x");
    CHECK_OK(symlink("../f", "d/up"));
    CHECK_OK(symlink("f", "l"));
    CHECK_OK(symlink("/dev/null", "d/abs"));
    int dir = CHECK_OK(open("d", O_PATH | O_DIRECTORY)), fd;
    fd = CHECK_OK(openat2(dir, "up", O_RDONLY, 0, 0));
    CHECK_OK(close(fd));
    CHECK_ERRNO(openat2(dir, "up", O_RDONLY, 0, RESOLVE_BENEATH), EXDEV);
    CHECK_ERRNO(openat2(dir, "../f", O_RDONLY, 0, RESOLVE_BENEATH), EXDEV);
    CHECK_ERRNO(openat2(dir, "/dev/null", O_RDONLY, 0, RESOLVE_BENEATH), EXDEV);
    CHECK_ERRNO(openat2(dir, "up", O_RDONLY, 0, RESOLVE_NO_SYMLINKS), ELOOP);
    CHECK_ERRNO(openat2(dir, "up", O_RDONLY, 0, RESOLVE_IN_ROOT), ENOENT); // ".." stops at d, and d has no f
    CHECK_ERRNO(openat2(dir, "abs", O_RDONLY, 0, RESOLVE_IN_ROOT), ENOENT);
    CHECK_ERRNO(openat2(AT_FDCWD, "/proc/self/exe", O_RDONLY, 0, RESOLVE_NO_MAGICLINKS), ELOOP);
    CHECK_ERRNO(openat2(AT_FDCWD, "/proc/version", O_RDONLY, 0, RESOLVE_NO_XDEV), EXDEV);
    CHECK_ERRNO(openat2(AT_FDCWD, "f", O_RDONLY, 0600, 0), EINVAL); // a mode without O_CREAT
    CHECK_ERRNO(openat2(AT_FDCWD, "f", 1ULL << 40, 0, 0), EINVAL);  // unlike open(2), unknown flags are refused
    CHECK_ERRNO(openat2(AT_FDCWD, "f", O_RDONLY, 0, 1ULL << 40), EINVAL);
    struct { struct open_how how; uint64_t extra; } big = {{O_RDONLY, 0, 0}, 0};
    CHECK_ERRNO(syscall(SYS_openat2, AT_FDCWD, "f", &big, 4UL), EINVAL);
    fd = CHECK_OK((int)syscall(SYS_openat2, AT_FDCWD, "f", &big, sizeof big));
    CHECK_OK(close(fd));
    big.extra = 1;
    CHECK_ERRNO(syscall(SYS_openat2, AT_FDCWD, "f", &big, sizeof big), E2BIG);
    CHECK_OK(close(dir));
    CHECK_OK(unlink("d/up"));
    CHECK_OK(unlink("d/abs"));
    CHECK_OK(rmdir("d"));
    CHECK_OK(unlink("l"));
    CHECK_OK(unlink("f"));
}

TEST(special_files)
{
    CHECK_OK(mkfifo("p", 0600));
    CHECK_ERRNO(try_open("p", O_WRONLY | O_NONBLOCK), ENXIO); // fifo(7): no reader
    CHECK_OK(try_open("p", O_RDONLY | O_NONBLOCK));
    struct sockaddr_un address = {AF_UNIX, "s"};
    int s = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
    CHECK_OK(bind(s, (void *)&address, sizeof address));
    CHECK_ERRNO(try_open("s", O_RDWR), ENXIO);
    CHECK_OK(close(s));
    CHECK_OK(unlink("s"));
    CHECK_OK(unlink("p"));
}

TEST(permission)
{
    pid_t pid;
    write_file("f", "x");
    CHECK_OK(chmod("f", 0200));
    CHECK_OK(mkdir("d", 0555));
    IN_CHILD(pid) {
        if (is_root()) {
            CHECK_OK(try_open("f", O_RDWR)); // CAP_DAC_OVERRIDE
            become_nobody();
        } else {
            CHECK_OK(try_open("f", O_WRONLY));
        }
        CHECK_ERRNO(try_open("f", O_RDONLY), EACCES);
        CHECK_ERRNO(try_open("d/new", O_CREAT | O_RDWR), EACCES);
    }
    CHECK_EXIT(pid, 0);
    CHECK_OK(rmdir("d"));
    CHECK_OK(unlink("f"));
}

TEST(running_program)
{
    // A program is not written to while it runs, and what is open for writing does not run.
    int out[2], in[2], fd;
    pid_t pid;
    char buffer[65536];
    ssize_t n;
    int from = CHECK_OK(open("/proc/self/exe", O_RDONLY)), to = CHECK_OK(open("program", O_WRONLY | O_CREAT | O_TRUNC, 0755));
    while ((n = read(from, buffer, sizeof buffer)) > 0) CHECK_EQ(write(to, buffer, n), n);
    close(from);
    CHECK_ERRNO(execl("program", "program", NULL), ETXTBSY);
    close(to);
    CHECK_OK(pipe(out));
    CHECK_OK(pipe(in));
    IN_CHILD(pid) {
        char a[16], b[16];
        snprintf(a, sizeof a, "%d", out[1]);
        snprintf(b, sizeof b, "%d", in[0]);
        execl("program", "program", "@wait", a, b, NULL);
    }
    pipe_wait(out[0]);
    CHECK_ERRNO(try_open("program", O_WRONLY), ETXTBSY);
    CHECK_ERRNO(try_open("program", O_RDONLY | O_TRUNC), ETXTBSY);
    CHECK_ERRNO(truncate("program", 0), ETXTBSY);
    CHECK_OK(fd = open("program", O_RDONLY));
    close(fd);
    pipe_signal(in[1]);
    CHECK_EXIT(pid, 0); // its own child has exited before
    CHECK_OK(fd = open("program", O_WRONLY));
    close(fd);
    CHECK_OK(unlink("program"));
    for (int i = 0; i < 2; i++) close(out[i]), close(in[i]);
}

TEST(text_file_busy)
{
    if (access("/proc/self/exe", W_OK) == -1 && errno == EROFS) return;
    bool may = access("/proc/self/exe", W_OK) == 0;
    CHECK_ERRNO(try_open("/proc/self/exe", O_RDWR), may ? ETXTBSY : EACCES);
}
