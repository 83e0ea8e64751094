// chmod(2), chown(2), umask(2): who may change what, and what the kernel clears by itself.
#include "guest.h"

static struct stat st;
static mode_t mode_of(const char *path) { return lstat(path, &st) == 0 ? st.st_mode & 07777 : (mode_t)-1; }

TEST(umask_rules)
{
    mode_t mask = umask(0);
    int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0777));
    CHECK_OK(close(fd));
    CHECK_EQ(mode_of("f"), 0777);
    CHECK_OK(unlink("f"));
    CHECK_EQ(umask(0137), 0);
    fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0777));
    CHECK_OK(close(fd));
    CHECK_EQ(mode_of("f"), 0640);
    CHECK_OK(unlink("f"));
    CHECK_OK(mkdir("d", 0777));
    CHECK_EQ(mode_of("d"), 0640);
    CHECK_OK(rmdir("d"));
    umask(07777777);
    CHECK_EQ(umask(mask), 0777); // only the permission bits count
}

TEST(umask_is_inherited)
{
    pid_t pid;
    mode_t mask = umask(0123);
    IN_CHILD(pid) CHECK_EQ(umask(0), 0123);
    CHECK_EXIT(pid, 0);
    CHECK_EQ(umask(mask), 0123); // the child's change is its own
}

TEST(chmod_kinds)
{
    write_file("f", "");
    CHECK_OK(symlink("f", "l"));
    CHECK_OK(chmod("f", 0));
    CHECK_EQ(mode_of("f"), 0);
    CHECK_OK(chmod("l", 0604)); // follows
    CHECK_EQ(mode_of("f"), 0604);
    CHECK_EQ(mode_of("l"), 0777);
    int fd = CHECK_OK(open("f", O_RDONLY));
    CHECK_OK(fchmod(fd, 0755));
    CHECK_EQ(mode_of("f"), 0755);
    CHECK_OK(fchmodat(AT_FDCWD, "f", 0640, 0));
    CHECK_EQ(mode_of("f"), 0640);
    CHECK_OK(chmod("f", 0107777 & ~07000)); // the file type in the argument is ignored
    CHECK_EQ(mode_of("f"), 0777);
    CHECK_OK(close(fd));
    CHECK_ERRNO(fchmod(fd, 0), EBADF);
    CHECK_ERRNO(chmod("none", 0), ENOENT);
    CHECK_ERRNO(chmod(BAD_POINTER, 0), EFAULT);
    CHECK_OK(unlink("l"));
    CHECK_OK(unlink("f"));
}

TEST(chmod_changes_ctime_only)
{
    struct stat before;
    write_file("f", "x");
    struct timespec old[2] = {{1000, 0}, {1000, 0}};
    CHECK_OK(utimensat(AT_FDCWD, "f", old, 0));
    CHECK_OK(stat("f", &before));
    CHECK_OK(chmod("f", 0600));
    CHECK_OK(stat("f", &st));
    CHECK_EQ(st.st_mtime, 1000);
    CHECK(st.st_ctime >= before.st_ctime);
    CHECK_OK(unlink("f"));
}

TEST(setid_bits)
{
    pid_t pid;
    write_file("f", "");
    CHECK_OK(chmod("f", 06755));
    CHECK_EQ(mode_of("f"), 06755);
    if (!is_root()) {
        // Writing drops set-user-ID and set-group-ID, for a writer without CAP_FSETID.
        int fd = CHECK_OK(open("f", O_WRONLY));
        CHECK_EQ(write(fd, "x", 1), 1);
        CHECK_OK(close(fd));
        CHECK_EQ(mode_of("f"), 0755);
    } else {
        // chown(2): clears them on an executable file even for root, but not set-group-ID without group execute.
        CHECK_OK(chown("f", 1, 1));
        CHECK_EQ(mode_of("f"), 0755);
        CHECK_OK(chmod("f", 02745));
        CHECK_OK(chown("f", 1, 1));
        CHECK_EQ(mode_of("f"), 02745);
        // chmod(2): the owner who is not in the file's group loses set-group-ID silently.
        CHECK_OK(chown("f", NOBODY, 1));
        IN_CHILD(pid) {
            become_nobody();
            CHECK_OK(chmod("f", 06755));
            CHECK_EQ(mode_of("f"), 04755);
        }
        CHECK_EXIT(pid, 0);
    }
    CHECK_OK(unlink("f"));
}

TEST(setgid_directory)
{
    CHECK_OK(mkdir("d", 0755));
    if (is_root()) CHECK_OK(chown("d", 0, 1234));
    CHECK_OK(stat("d", &st));
    gid_t group = st.st_gid;
    CHECK_OK(chmod("d", 02755));
    CHECK_EQ(mode_of("d"), 02755);
    write_file("d/f", "");
    CHECK_OK(mkdir("d/sub", 0755));
    CHECK_OK(stat("d/f", &st));
    CHECK_EQ(st.st_gid, group); // inode(7): files take the directory's group
    CHECK_OK(stat("d/sub", &st));
    CHECK_EQ(st.st_gid, group);
    CHECK_EQ(st.st_mode & 07777, 02755); // directories the bit too
    CHECK_OK(unlink("d/f"));
    CHECK_OK(rmdir("d/sub"));
    CHECK_OK(rmdir("d"));
}

TEST(chown_as_root)
{
    if (!is_root()) return;
    write_file("f", "");
    CHECK_OK(symlink("f", "l"));
    CHECK_OK(chown("f", 11, 22));
    CHECK_OK(stat("f", &st));
    CHECK(st.st_uid == 11 && st.st_gid == 22);
    CHECK_OK(chown("f", -1, 33));
    CHECK_OK(stat("f", &st));
    CHECK(st.st_uid == 11 && st.st_gid == 33);
    CHECK_OK(chown("f", 44, -1));
    CHECK_OK(stat("f", &st));
    CHECK(st.st_uid == 44 && st.st_gid == 33);
    CHECK_OK(lchown("l", 55, 66));
    CHECK_OK(lstat("l", &st));
    CHECK(st.st_uid == 55 && st.st_gid == 66);
    CHECK_OK(chown("l", 77, 88));
    CHECK_OK(stat("f", &st));
    CHECK(st.st_uid == 77 && st.st_gid == 88);
    int fd = CHECK_OK(open("f", O_RDONLY));
    CHECK_OK(fchown(fd, 1, 2));
    CHECK_OK(fchownat(fd, "", 3, 4, AT_EMPTY_PATH));
    CHECK_OK(fstat(fd, &st));
    CHECK(st.st_uid == 3 && st.st_gid == 4);
    CHECK_OK(fchownat(AT_FDCWD, "l", 9, 9, AT_SYMLINK_NOFOLLOW));
    CHECK_OK(lstat("l", &st));
    CHECK_EQ(st.st_uid, 9);
    CHECK_OK(close(fd));
    CHECK_OK(unlink("l"));
    CHECK_OK(unlink("f"));
}

TEST(chown_errors)
{
    pid_t pid;
    CHECK_ERRNO(chown("none", 1, 1), ENOENT);
    CHECK_ERRNO(fchown(-1, 1, 1), EBADF);
    CHECK_ERRNO(fchownat(AT_FDCWD, ".", 1, 1, 0x40000000), EINVAL);
    CHECK_ERRNO(chown(BAD_POINTER, 1, 1), EFAULT);
    IN_CHILD(pid) {
        become_nobody();
        write_file("mine", "");
        CHECK_ERRNO(chown("mine", 1, -1), EPERM);
        CHECK_ERRNO(chown("mine", -1, 1), EPERM); // not in that group
        CHECK_OK(chown("mine", geteuid(), getegid()));
        CHECK_OK(chown("mine", -1, -1));
        CHECK_ERRNO(chown("/dev/null", geteuid(), -1), EPERM);
        CHECK_ERRNO(chmod("/dev/null", 0600), EPERM);
        CHECK_OK(unlink("mine"));
    }
    CHECK_EXIT(pid, 0);
}

TEST(supplementary_group_may_be_given)
{
    pid_t pid;
    if (!is_root()) return;
    IN_CHILD(pid) {
        gid_t groups[] = {500, 501};
        CHECK_OK(chmod(".", 0777));
        CHECK_OK(syscall(SYS_setgroups, 2, groups));
        CHECK_OK(setresgid(100, 100, 100));
        CHECK_OK(setresuid(100, 100, 100));
        write_file("mine", "");
        CHECK_OK(chown("mine", -1, 501));
        CHECK_ERRNO(chown("mine", -1, 502), EPERM);
        CHECK_OK(stat("mine", &st));
        CHECK_EQ(st.st_gid, 501);
        CHECK_OK(unlink("mine"));
    }
    CHECK_EXIT(pid, 0);
}

TEST(permission_classes)
{
    // The owner's class decides for the owner even when the group's or others' would allow more.
    pid_t pid;
    IN_CHILD(pid) {
        char text[4];
        become_nobody();
        write_file("f", "x");
        CHECK_OK(chmod("f", 0077));
        CHECK_ERRNO(open("f", O_RDONLY), EACCES);
        CHECK_OK(chmod("f", 0400));
        CHECK_EQ(read_file("f", text, sizeof text), 1);
        CHECK_ERRNO(open("f", O_WRONLY), EACCES);
        CHECK_OK(unlink("f"));
    }
    CHECK_EXIT(pid, 0);
    if (!is_root()) return;
    write_file("g", "x");
    CHECK_OK(chown("g", 1, NOBODY));
    CHECK_OK(chmod("g", 0707));
    IN_CHILD(pid) {
        become_nobody();
        CHECK_ERRNO(open("g", O_RDONLY), EACCES); // in the group, so the group's class decides
    }
    CHECK_EXIT(pid, 0);
    CHECK_OK(unlink("g"));
}
