// link(2), symlink(2), readlink(2), unlink(2) and their *at relatives.
#include "guest.h"

static struct stat st;

TEST(hard_links)
{
    char text[8];
    write_file("a", "one");
    CHECK_OK(link("a", "b"));
    int fd = CHECK_OK(open("b", O_WRONLY | O_APPEND));
    CHECK_EQ(write(fd, "two", 3), 3);
    CHECK_OK(close(fd));
    CHECK_EQ(read_file("a", text, sizeof text), 6);
    CHECK_ERRNO(link("a", "b"), EEXIST);
    CHECK_ERRNO(link("a", "a"), EEXIST);
    CHECK_ERRNO(link("none", "c"), ENOENT);
    CHECK_ERRNO(link("a", "none/c"), ENOENT);
    CHECK_ERRNO(link("a", ""), ENOENT);
    CHECK_ERRNO(link("a", "b/c"), ENOTDIR);
    CHECK_ERRNO(link(".", "c"), EPERM); // link(2): no hard links to directories
    CHECK_ERRNO(link("/proc/version", "c"), EXDEV);
    CHECK_ERRNO(link(BAD_POINTER, "c"), EFAULT);
    CHECK_OK(unlink("a"));
    CHECK_OK(stat("b", &st));
    CHECK_EQ(st.st_nlink, 1);
    CHECK_OK(unlink("b"));
}

TEST(link_to_symlink)
{
    write_file("f", "x");
    CHECK_OK(symlink("f", "l"));
    CHECK_OK(link("l", "hard")); // Linux links the symbolic link itself
    CHECK_OK(lstat("hard", &st));
    CHECK(S_ISLNK(st.st_mode));
    CHECK_EQ(st.st_nlink, 2);
    CHECK_OK(linkat(AT_FDCWD, "l", AT_FDCWD, "real", AT_SYMLINK_FOLLOW));
    CHECK_OK(lstat("real", &st));
    CHECK(S_ISREG(st.st_mode));
    CHECK_ERRNO(linkat(AT_FDCWD, "f", AT_FDCWD, "y", 0x40000000), EINVAL);
    CHECK_OK(unlink("real"));
    CHECK_OK(unlink("hard"));
    CHECK_OK(unlink("l"));
    CHECK_OK(unlink("f"));
}

TEST(linkat_directories)
{
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(mkdir("e", 0755));
    write_file("d/f", "x");
    int d = CHECK_OK(open("d", O_RDONLY)), e = CHECK_OK(open("e", O_PATH));
    CHECK_OK(linkat(d, "f", e, "g", 0));
    CHECK_OK(fstatat(e, "g", &st, 0));
    CHECK_EQ(st.st_nlink, 2);
    CHECK_ERRNO(linkat(-1, "f", e, "h", 0), EBADF);
    CHECK_OK(unlinkat(e, "g", 0));
    CHECK_ERRNO(unlinkat(AT_FDCWD, "d/f", AT_REMOVEDIR), ENOTDIR);
    CHECK_ERRNO(unlinkat(AT_FDCWD, "d", 0), EISDIR);
    CHECK_ERRNO(unlinkat(AT_FDCWD, "d", AT_REMOVEDIR), ENOTEMPTY);
    CHECK_ERRNO(unlinkat(AT_FDCWD, "d", 0x40000000), EINVAL);
    CHECK_OK(unlinkat(d, "f", 0));
    CHECK_OK(close(d));
    CHECK_OK(close(e));
    CHECK_OK(rmdir("d"));
    CHECK_OK(rmdir("e"));
}

TEST(symlinks)
{
    char text[64];
    CHECK_OK(symlink("some/target", "l"));
    CHECK_EQ(readlink("l", text, sizeof text), 11);
    CHECK(memcmp(text, "some/target", 11) == 0);
    CHECK_EQ(readlink("l", text, 4), 4); // silently cut, no NUL
    CHECK_ERRNO(readlink("l", text, 0), EINVAL);
    CHECK_ERRNO(readlink("l", text, -1), EINVAL);
    CHECK_ERRNO(readlink("l", BAD_POINTER, 10), EFAULT);
    CHECK_ERRNO(readlink(".", text, sizeof text), EINVAL);
    CHECK_ERRNO(readlink("none", text, sizeof text), ENOENT);
    CHECK_ERRNO(symlink("x", "l"), EEXIST);
    CHECK_ERRNO(symlink("", "m"), ENOENT);
    CHECK_ERRNO(symlink("x", ""), ENOENT);
    CHECK_ERRNO(symlink("x", "none/m"), ENOENT);
    CHECK_ERRNO(symlink(BAD_POINTER, "m"), EFAULT);
    CHECK_OK(unlink("l"));
}

TEST(longest_symlink)
{
    static char target[PATH_MAX + 1], text[PATH_MAX + 1];
    memset(target, 't', PATH_MAX);
    CHECK_ERRNO(symlink(target, "l"), ENAMETOOLONG);
    target[PATH_MAX - 1] = 0;
    CHECK_OK(symlink(target, "l"));
    CHECK_EQ(readlink("l", text, sizeof text), PATH_MAX - 1);
    CHECK_OK(unlink("l"));
}

TEST(unlink_rules)
{
    CHECK_ERRNO(unlink("none"), ENOENT);
    CHECK_ERRNO(unlink(""), ENOENT);
    CHECK_ERRNO(unlink(BAD_POINTER), EFAULT);
    CHECK_OK(mkdir("d", 0755));
    CHECK_ERRNO(unlink("d"), EISDIR); // Linux says EISDIR, POSIX EPERM
    CHECK_OK(rmdir("d"));
    CHECK_OK(symlink("none", "l"));
    CHECK_OK(unlink("l")); // the link, not its target
    CHECK_ERRNO(unlink("/proc/version"), is_root() ? EPERM : EACCES);
}

TEST(unlinked_file_lives_on)
{
    char text[8] = {0}, link[64], name[PATH_MAX];
    int fd = CHECK_OK(open("f", O_RDWR | O_CREAT, 0600));
    CHECK_OK(unlink("f"));
    CHECK_EQ(write(fd, "alive", 5), 5);
    CHECK_EQ(pread(fd, text, sizeof text, 0), 5);
    CHECK_STR(text, "alive");
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = CHECK_OK(readlink(link, name, sizeof name - 1));
    name[n] = 0;
    CHECK(strstr(name, "/f (deleted)") != NULL);
    CHECK_EQ(read_file(link, text, sizeof text), 5); // and can be opened through /proc
    CHECK_ERRNO(linkat(AT_FDCWD, link, AT_FDCWD, "back", AT_SYMLINK_FOLLOW), ENOENT); // link count zero
    CHECK_OK(close(fd));
}

TEST(mknod_kinds)
{
    CHECK_OK(mknod("f", S_IFREG | 0600, 0));
    CHECK_OK(stat("f", &st));
    CHECK(S_ISREG(st.st_mode));
    CHECK_ERRNO(mknod("f", S_IFREG | 0600, 0), EEXIST);
    CHECK_OK(unlink("f"));
    CHECK_OK(mknod("p", S_IFIFO | 0600, 0));
    CHECK_OK(stat("p", &st));
    CHECK(S_ISFIFO(st.st_mode));
    CHECK_OK(unlink("p"));
    CHECK_ERRNO(mknod("d", S_IFDIR | 0600, 0), EPERM);
    CHECK_ERRNO(mknod("d", 0170000 | 0600, 0), EINVAL);
    if (!is_root()) CHECK_ERRNO(mknod("c", S_IFCHR | 0600, 0x103), EPERM);
}

TEST(many_links)
{
    char name[16];
    write_file("f", "");
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "f%d", i);
        CHECK_OK(link("f", name));
    }
    CHECK_OK(stat("f", &st));
    CHECK_EQ(st.st_nlink, 301);
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "f%d", i);
        CHECK_OK(unlink(name));
    }
    CHECK_OK(stat("f", &st));
    CHECK_EQ(st.st_nlink, 1);
    CHECK_OK(unlink("f"));
}
