// path_resolution(7): every way in which a path can be right or wrong, through stat(2) and its relatives.
#include "guest.h"

static struct stat st;

static void tree(void)
{
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(mkdir("d/e", 0755));
    write_file("d/f", "x");
}

static void no_tree(void)
{
    CHECK_OK(unlink("d/f"));
    CHECK_OK(rmdir("d/e"));
    CHECK_OK(rmdir("d"));
}

TEST(dots_and_slashes)
{
    struct stat a, b;
    tree();
    CHECK_OK(stat("d/f", &a));
    static const char *same[] = {"./d/f", "d//f", "d/./f", "d/e/../f", ".//./d///e/.././f", "d/e/../../d/f"};
    for (size_t i = 0; i < COUNT(same); i++) {
        CHECK_OK(stat(same[i], &b));
        CHECK_EQ(b.st_ino, a.st_ino);
    }
    CHECK_OK(stat("/", &a));
    CHECK_OK(stat("/../../..", &b)); // the root is its own parent
    CHECK_EQ(a.st_ino, b.st_ino);
    CHECK_OK(stat("///", &b));
    CHECK_EQ(a.st_ino, b.st_ino);
    no_tree();
}

TEST(trailing_slash)
{
    tree();
    CHECK_OK(stat("d/", &st));
    CHECK_OK(stat("d/e///", &st));
    CHECK_ERRNO(stat("d/f/", &st), ENOTDIR);
    CHECK_ERRNO(stat("d/f/.", &st), ENOTDIR);
    CHECK_ERRNO(stat("d/f/..", &st), ENOTDIR);
    CHECK_ERRNO(open("d/new/", O_CREAT | O_RDWR, 0600), EISDIR);
    CHECK_ERRNO(open("d/f/", O_RDONLY), ENOTDIR);
    CHECK_OK(mkdir("d/new/", 0755)); // mkdir alone may create through a trailing slash
    CHECK_OK(rmdir("d/new/"));
    CHECK_ERRNO(unlink("d/f/"), ENOTDIR);
    CHECK_ERRNO(symlink("x", "d/new/"), ENOENT);
    CHECK_ERRNO(link("d/f", "d/new/"), ENOENT);
    CHECK_ERRNO(rename("d/f", "d/new/"), ENOTDIR);
    no_tree();
}

TEST(missing_components)
{
    tree();
    CHECK_ERRNO(stat("d/none", &st), ENOENT);
    CHECK_ERRNO(stat("none/f", &st), ENOENT);
    CHECK_ERRNO(stat("d/none/../f", &st), ENOENT); // ".." is not resolved as text
    CHECK_ERRNO(stat("d/f/x", &st), ENOTDIR);
    CHECK_ERRNO(stat("d/f/../f", &st), ENOTDIR);
    CHECK_ERRNO(stat("", &st), ENOENT);
    CHECK_ERRNO(stat(BAD_POINTER, &st), EFAULT);
    CHECK_ERRNO(mkdir("", 0700), ENOENT);
    CHECK_ERRNO(mkdir("d/none/x", 0700), ENOENT);
    CHECK_ERRNO(mkdir("d/f/x", 0700), ENOTDIR);
    CHECK_ERRNO(mkdir("d", 0700), EEXIST);
    CHECK_ERRNO(mkdir("/", 0700), EEXIST);
    CHECK_ERRNO(mkdir(".", 0700), EEXIST);
    CHECK_ERRNO(mkdir("..", 0700), EEXIST);
    no_tree();
}

TEST(rmdir_of_dots)
{
    tree();
    CHECK_ERRNO(rmdir("d/."), EINVAL);
    CHECK_ERRNO(rmdir("d/.."), ENOTEMPTY);
    CHECK_ERRNO(rmdir("d"), ENOTEMPTY);
    CHECK_ERRNO(rmdir("d/f"), ENOTDIR);
    CHECK_ERRNO(rmdir("/"), EBUSY);
    CHECK_ERRNO(unlink("d/."), EISDIR);
    CHECK_ERRNO(unlink("d/.."), EISDIR);
    CHECK_ERRNO(rename("d/.", "x"), EBUSY);
    CHECK_ERRNO(rename("d", "d/.."), EBUSY);
    no_tree();
}

TEST(name_too_long)
{
    char name[NAME_MAX + 2], path[PATH_MAX + 2];
    memset(name, 'n', sizeof name);
    name[NAME_MAX + 1] = 0;
    CHECK_ERRNO(stat(name, &st), ENAMETOOLONG);
    CHECK_ERRNO(mkdir(name, 0700), ENAMETOOLONG);
    CHECK_ERRNO(open(name, O_CREAT | O_RDWR, 0600), ENAMETOOLONG);
    name[NAME_MAX] = 0;
    CHECK_ERRNO(stat(name, &st), ENOENT);
    CHECK_OK(mkdir(name, 0700));
    CHECK_OK(rmdir(name));
    // PATH_MAX counts the final NUL.
    for (int i = 0; i < PATH_MAX; i++) path[i] = i % 2 ? '/' : '.';
    path[PATH_MAX] = 0;
    CHECK_ERRNO(stat(path, &st), ENAMETOOLONG);
    path[PATH_MAX - 1] = 0;
    CHECK_OK(stat(path, &st));
}

TEST(deep_directory)
{
    char name[200], cwd[PATH_MAX], text[8];
    int depth = 30, start = CHECK_OK(open(".", O_RDONLY | O_DIRECTORY));
    memset(name, 'q', sizeof name);
    name[sizeof name - 1] = 0;
    // 30 x 200 bytes is beyond PATH_MAX: reachable only step by step.
    for (int i = 0; i < depth; i++) {
        CHECK_OK(mkdir(name, 0755));
        CHECK_OK(chdir(name));
    }
    CHECK_ERRNO(syscall(SYS_getcwd, cwd, sizeof cwd), ENAMETOOLONG);
    write_file("f", "deep");
    CHECK_EQ(read_file("./f", text, sizeof text), 4);
    CHECK_OK(unlink("f"));
    for (int i = 0; i < depth; i++) {
        CHECK_OK(chdir(".."));
        CHECK_OK(rmdir(name));
    }
    struct stat a, b;
    CHECK_OK(stat(".", &a));
    CHECK_OK(fstat(start, &b));
    CHECK_EQ(a.st_ino, b.st_ino);
    CHECK_OK(close(start));
}

TEST(symlink_resolution)
{
    char path[64], target[64];
    tree();
    CHECK_OK(symlink("d", "to_d"));
    CHECK_OK(symlink("../d/f", "d/e/up"));
    CHECK_OK(symlink("none", "dangling"));
    CHECK_OK(stat("to_d/f", &st));
    CHECK_OK(stat("to_d/", &st));
    CHECK(S_ISDIR(st.st_mode));
    CHECK_OK(lstat("to_d", &st));
    CHECK(S_ISLNK(st.st_mode));
    CHECK_OK(lstat("to_d/", &st)); // the slash forces the last link to be followed
    CHECK(S_ISDIR(st.st_mode));
    CHECK_ERRNO(stat("d/e/up", &st), ENOENT); // relative to the link's directory: d/e/../d/f
    CHECK_ERRNO(stat("dangling", &st), ENOENT);
    CHECK_OK(lstat("dangling", &st));
    CHECK_ERRNO(mkdir("dangling", 0700), EEXIST);
    CHECK_ERRNO(rmdir("to_d"), ENOTDIR);
    CHECK_ERRNO(rmdir("to_d/"), ENOTDIR);
    CHECK_OK(unlink("d/e/up"));
    CHECK_OK(unlink("to_d"));
    CHECK_OK(unlink("dangling"));
    // Forty links in a row are followed, forty-one are not.
    CHECK_OK(symlink("d/f", "l0"));
    for (int i = 1; i <= 40; i++) {
        snprintf(path, sizeof path, "l%d", i);
        snprintf(target, sizeof target, "l%d", i - 1);
        CHECK_OK(symlink(target, path));
    }
    CHECK_OK(stat("l39", &st));
    CHECK_ERRNO(stat("l40", &st), ELOOP);
    for (int i = 0; i <= 40; i++) {
        snprintf(path, sizeof path, "l%d", i);
        CHECK_OK(unlink(path));
    }
    no_tree();
}

TEST(symlink_cycle)
{
    CHECK_OK(symlink("b", "a"));
    CHECK_OK(symlink("a", "b"));
    CHECK_ERRNO(stat("a", &st), ELOOP);
    CHECK_ERRNO(stat("a/x", &st), ELOOP);
    CHECK_ERRNO(open("a", O_CREAT | O_RDWR, 0600), ELOOP);
    CHECK_ERRNO(chdir("b"), ELOOP);
    CHECK_OK(lstat("a", &st));
    CHECK_OK(unlink("a"));
    CHECK_OK(unlink("b"));
}

TEST(search_permission)
{
    pid_t pid;
    tree();
    IN_CHILD(pid) {
        CHECK_OK(chmod("d", 0600)); // readable, not searchable
        become_nobody();
        CHECK_ERRNO(stat("d/f", &st), EACCES);
        CHECK_ERRNO(stat("d/none", &st), EACCES);
        CHECK_ERRNO(stat("d/.", &st), EACCES);
        CHECK_ERRNO(chdir("d"), EACCES);
        CHECK_ERRNO(open("d/f", O_RDONLY), EACCES);
        CHECK_ERRNO(mkdir("d/x", 0700), EACCES);
        CHECK_ERRNO(rename("d/f", "d/g"), EACCES);
        CHECK_OK(stat("d", &st));
    }
    CHECK_EXIT(pid, 0);
    CHECK_OK(chmod("d", 0755));
    no_tree();
}

TEST(write_permission_on_directory)
{
    pid_t pid;
    tree();
    CHECK_OK(chmod("d", 0555));
    IN_CHILD(pid) {
        become_nobody();
        CHECK_OK(stat("d/f", &st));
        CHECK_ERRNO(open("d/new", O_CREAT | O_RDWR, 0600), EACCES);
        CHECK_ERRNO(mkdir("d/new", 0700), EACCES);
        CHECK_ERRNO(mkdir("d/e", 0700), EEXIST); // existence is looked at first
        CHECK_ERRNO(symlink("x", "d/new"), EACCES);
        // proc(5), protected_hardlinks: linking another user's file is refused before the directory is looked at.
        CHECK(link("d/f", "d/new") == -1 && (errno == EACCES || errno == EPERM));
        CHECK_ERRNO(unlink("d/f"), EACCES);
        CHECK_ERRNO(rmdir("d/e"), EACCES);
        CHECK_ERRNO(rename("d/f", "d/new"), EACCES);
        CHECK_ERRNO(mkfifo("d/new", 0600), EACCES);
    }
    CHECK_EXIT(pid, 0);
    CHECK_OK(chmod("d", 0755));
    no_tree();
}

TEST(working_directory)
{
    char cwd[PATH_MAX], start[PATH_MAX], expected[PATH_MAX + 8], link[PATH_MAX];
    CHECK(getcwd(start, sizeof start) != NULL);
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(chdir("d"));
    snprintf(expected, sizeof expected, "%s/d", start);
    CHECK_EQ(syscall(SYS_getcwd, cwd, sizeof cwd), strlen(expected) + 1); // the raw call counts the NUL
    CHECK_STR(cwd, expected);
    CHECK_ERRNO(syscall(SYS_getcwd, cwd, 2), ERANGE);
    // A removed working directory stays usable and has no name.
    CHECK_OK(rmdir("../d"));
    CHECK_ERRNO(syscall(SYS_getcwd, cwd, sizeof cwd), ENOENT);
    ssize_t n = CHECK_OK(readlink("/proc/self/cwd", link, sizeof link - 1));
    link[n] = 0;
    CHECK(strstr(link, "/d (deleted)") != NULL);
    CHECK_ERRNO(open("new", O_CREAT | O_RDWR, 0600), ENOENT);
    CHECK_OK(stat(".", &st));
    CHECK_EQ(st.st_nlink, 0);
    CHECK_OK(stat("..", &st));
    CHECK_OK(chdir(start));
    CHECK_ERRNO(chdir("none"), ENOENT);
    CHECK_ERRNO(chdir("/dev/null"), ENOTDIR);
    CHECK_ERRNO(fchdir(-1), EBADF);
    int fd = CHECK_OK(open("/dev/null", O_RDONLY));
    CHECK_ERRNO(fchdir(fd), ENOTDIR);
    CHECK_OK(close(fd));
}

TEST(chroot_permission)
{
    pid_t pid;
    IN_CHILD(pid) {
        if (is_root()) {
            CHECK_OK(mkdir("root", 0755));
            write_file("root/f", "x");
            CHECK_OK(chroot("root"));
            CHECK_OK(chdir("/"));
            CHECK_OK(stat("/f", &st));
            CHECK_OK(stat("/../../f", &st));
            CHECK_ERRNO(stat("/proc/self", &st), ENOENT);
            CHECK_OK(unlink("/f"));
        } else {
            CHECK_ERRNO(chroot("."), EPERM);
            CHECK_ERRNO(chroot("none"), ENOENT);
        }
    }
    CHECK_EXIT(pid, 0);
    if (is_root()) CHECK_OK(rmdir("root"));
}
