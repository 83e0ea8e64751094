// xattr(7): user.* attributes, by path, link and descriptor. A file system without them says EOPNOTSUPP, and the tests end there.
#include "guest.h"
#include <sys/xattr.h>

static bool supported(void)
{
    write_file("f", "");
    if (setxattr("f", "user.probe", "1", 1, 0) == 0) {
        CHECK_OK(removexattr("f", "user.probe"));
        return true;
    }
    CHECK_EQ(errno, EOPNOTSUPP);
    CHECK_OK(unlink("f"));
    return false;
}

TEST(set_get_remove)
{
    char text[16];
    if (!supported()) return;
    CHECK_OK(setxattr("f", "user.a", "value", 5, 0));
    CHECK_EQ(getxattr("f", "user.a", text, sizeof text), 5);
    CHECK(memcmp(text, "value", 5) == 0);
    CHECK_EQ(getxattr("f", "user.a", NULL, 0), 5); // only the size
    CHECK_ERRNO(getxattr("f", "user.a", text, 3), ERANGE);
    CHECK_OK(setxattr("f", "user.a", "new", 3, 0));
    CHECK_EQ(getxattr("f", "user.a", text, sizeof text), 3);
    CHECK_OK(setxattr("f", "user.empty", "", 0, 0));
    CHECK_EQ(getxattr("f", "user.empty", text, sizeof text), 0);
    CHECK_OK(removexattr("f", "user.a"));
    CHECK_ERRNO(getxattr("f", "user.a", text, sizeof text), ENODATA);
    CHECK_ERRNO(removexattr("f", "user.a"), ENODATA);
    CHECK_OK(unlink("f"));
}

TEST(create_and_replace)
{
    if (!supported()) return;
    CHECK_ERRNO(setxattr("f", "user.a", "1", 1, XATTR_REPLACE), ENODATA);
    CHECK_OK(setxattr("f", "user.a", "1", 1, XATTR_CREATE));
    CHECK_ERRNO(setxattr("f", "user.a", "1", 1, XATTR_CREATE), EEXIST);
    CHECK_OK(setxattr("f", "user.a", "2", 1, XATTR_REPLACE));
    CHECK_ERRNO(setxattr("f", "user.a", "2", 1, 0x100), EINVAL);
    CHECK_OK(unlink("f"));
}

TEST(list)
{
    char names[256];
    int found = 0;
    if (!supported()) return;
    CHECK_OK(setxattr("f", "user.one", "1", 1, 0));
    CHECK_OK(setxattr("f", "user.two", "2", 1, 0));
    ssize_t n = CHECK_OK(listxattr("f", names, sizeof names));
    CHECK_EQ(listxattr("f", NULL, 0), n);
    CHECK_ERRNO(listxattr("f", names, 3), ERANGE);
    for (ssize_t at = 0; at < n; at += strlen(names + at) + 1) {
        if (strcmp(names + at, "user.one") == 0) found |= 1;
        if (strcmp(names + at, "user.two") == 0) found |= 2;
    }
    CHECK_EQ(found, 3);
    CHECK_OK(unlink("f"));
}

TEST(links_and_descriptors)
{
    char text[8];
    if (!supported()) return;
    CHECK_OK(symlink("f", "l"));
    CHECK_OK(setxattr("l", "user.a", "1", 1, 0)); // follows
    CHECK_EQ(getxattr("f", "user.a", text, sizeof text), 1);
    CHECK_ERRNO(lsetxattr("l", "user.a", "1", 1, 0), EPERM); // xattr(7): user.* only on files and directories
    CHECK(lgetxattr("l", "user.a", text, sizeof text) == -1 && (errno == EPERM || errno == ENODATA));
    int fd = CHECK_OK(open("f", O_RDWR));
    CHECK_OK(fsetxattr(fd, "user.b", "22", 2, 0));
    CHECK_EQ(fgetxattr(fd, "user.b", text, sizeof text), 2);
    CHECK(flistxattr(fd, NULL, 0) >= 14);
    CHECK_OK(fremovexattr(fd, "user.b"));
    CHECK_OK(close(fd));
    CHECK_OK(unlink("l"));
    CHECK_OK(unlink("f"));
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(setxattr("d", "user.a", "1", 1, 0));
    CHECK_OK(rmdir("d"));
}

TEST(errors)
{
    char name[300] = "user.";
    if (!supported()) return;
    CHECK_ERRNO(setxattr("none", "user.a", "1", 1, 0), ENOENT);
    CHECK_ERRNO(setxattr("f", "nonsense.a", "1", 1, 0), EOPNOTSUPP);
    CHECK_ERRNO(setxattr("f", "", "1", 1, 0), ERANGE);
    memset(name + 5, 'n', 260);
    CHECK_ERRNO(setxattr("f", name, "1", 1, 0), ERANGE);
    CHECK_ERRNO(setxattr("f", "user.a", "1", 65537, 0), E2BIG);
    CHECK_ERRNO(setxattr("f", BAD_POINTER, "1", 1, 0), EFAULT);
    CHECK_ERRNO(setxattr("f", "user.a", BAD_POINTER, 1, 0), EFAULT);
    CHECK_ERRNO(fsetxattr(-1, "user.a", "1", 1, 0), EBADF);
    if (!is_root()) CHECK_ERRNO(setxattr("f", "trusted.a", "1", 1, 0), EPERM);
    CHECK_OK(unlink("f"));
}

TEST(permission)
{
    pid_t pid;
    char text[4];
    if (!supported()) return;
    CHECK_OK(setxattr("f", "user.a", "1", 1, 0));
    CHECK_OK(chmod("f", 0));
    IN_CHILD(pid) {
        become_nobody();
        CHECK_ERRNO(getxattr("f", "user.a", text, sizeof text), EACCES);
        CHECK_ERRNO(setxattr("f", "user.a", "2", 1, 0), EACCES);
        CHECK(listxattr("f", NULL, 0) >= 7); // listing needs no permission on the file
    }
    CHECK_EXIT(pid, 0);
    CHECK_OK(unlink("f"));
}
