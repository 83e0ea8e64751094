// rename(2), renameat2(2): replacing, exchanging, refusing.
#include "guest.h"

static struct stat st;
static bool exists(const char *path) { return lstat(path, &st) == 0; }
static ino_t inode(const char *path) { return lstat(path, &st) == 0 ? st.st_ino : 0; }
static int rename2(const char *from, const char *to, unsigned flags) { return renameat2(AT_FDCWD, from, AT_FDCWD, to, flags); }

TEST(move_file)
{
    write_file("a", "x");
    ino_t ino = inode("a");
    CHECK_OK(rename("a", "b"));
    CHECK(!exists("a"));
    CHECK_EQ(inode("b"), ino);
    CHECK_OK(rename("b", "b"));
    CHECK(exists("b"));
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(rename("b", "d/c"));
    CHECK_EQ(inode("d/c"), ino);
    CHECK_OK(unlink("d/c"));
    CHECK_OK(rmdir("d"));
}

TEST(replace_file)
{
    char text[8];
    write_file("old", "old");
    write_file("new", "new");
    int fd = CHECK_OK(open("old", O_RDONLY));
    CHECK_OK(rename("new", "old"));
    CHECK(!exists("new"));
    CHECK_EQ(read_file("old", text, sizeof text), 3);
    CHECK_STR(text, "new");
    CHECK_EQ(read(fd, text, 3), 3); // the replaced file lives on while open
    CHECK(memcmp(text, "old", 3) == 0);
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_nlink, 0);
    CHECK_OK(close(fd));
    CHECK_OK(unlink("old"));
}

TEST(two_names_of_one_file)
{
    write_file("a", "x");
    CHECK_OK(link("a", "b"));
    CHECK_OK(rename("a", "b")); // rename(2): does nothing, succeeds
    CHECK(exists("a") && exists("b"));
    CHECK_OK(unlink("a"));
    CHECK_OK(unlink("b"));
}

TEST(directories)
{
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(mkdir("d/sub", 0755));
    CHECK_OK(mkdir("empty", 0755));
    CHECK_OK(mkdir("full", 0755));
    write_file("full/f", "");
    write_file("f", "");
    CHECK_ERRNO(rename("d", "full"), ENOTEMPTY);
    CHECK_ERRNO(rename("d", "f"), ENOTDIR);
    CHECK_ERRNO(rename("f", "d"), EISDIR);
    CHECK_ERRNO(rename("d", "d/sub/x"), EINVAL); // into itself
    CHECK_ERRNO(rename("d", "d/x"), EINVAL);
    CHECK_ERRNO(rename("d/sub", "d"), ENOTEMPTY);
    ino_t ino = inode("d");
    CHECK_OK(rename("d", "empty")); // an empty directory is replaced
    CHECK_EQ(inode("empty"), ino);
    CHECK(exists("empty/sub"));
    // ".." follows the move.
    CHECK_OK(rename("empty/sub", "full/sub"));
    CHECK_EQ(inode("full/sub/.."), inode("full"));
    CHECK_OK(rmdir("full/sub"));
    CHECK_OK(unlink("full/f"));
    CHECK_OK(unlink("f"));
    CHECK_OK(rmdir("full"));
    CHECK_OK(rmdir("empty"));
}

TEST(errors)
{
    char name[NAME_MAX + 2];
    memset(name, 'n', sizeof name);
    name[NAME_MAX + 1] = 0;
    write_file("f", "");
    CHECK_ERRNO(rename("none", "x"), ENOENT);
    CHECK_ERRNO(rename("f", "none/x"), ENOENT);
    CHECK_ERRNO(rename("f", ""), ENOENT);
    CHECK_ERRNO(rename("", "x"), ENOENT);
    CHECK_ERRNO(rename("f/x", "y"), ENOTDIR);
    CHECK_ERRNO(rename("f", "f/y"), ENOTDIR);
    CHECK_ERRNO(rename("f", name), ENAMETOOLONG);
    CHECK_ERRNO(rename(".", "x"), EBUSY);
    CHECK_ERRNO(rename("f", ".."), EBUSY);
    CHECK_ERRNO(rename("f", "/proc/x"), EXDEV);
    CHECK_ERRNO(rename(BAD_POINTER, "x"), EFAULT);
    CHECK_ERRNO(rename("f", BAD_POINTER), EFAULT);
    CHECK_ERRNO(renameat(-1, "f", AT_FDCWD, "x"), EBADF);
    CHECK_OK(unlink("f"));
}

TEST(noreplace)
{
    write_file("a", "");
    write_file("b", "");
    CHECK_ERRNO(rename2("a", "b", RENAME_NOREPLACE), EEXIST);
    CHECK_ERRNO(rename2("a", "a", RENAME_NOREPLACE), EEXIST);
    CHECK_OK(symlink("none", "l"));
    CHECK_ERRNO(rename2("a", "l", RENAME_NOREPLACE), EEXIST);
    CHECK_OK(rename2("a", "c", RENAME_NOREPLACE));
    CHECK(exists("c") && !exists("a"));
    CHECK_OK(unlink("b"));
    CHECK_OK(unlink("c"));
    CHECK_OK(unlink("l"));
}

TEST(exchange)
{
    write_file("f", "x");
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(mkdir("e", 0755));
    write_file("d/in", "");
    ino_t f = inode("f"), d = inode("d");
    CHECK_OK(rename2("f", "d", RENAME_EXCHANGE)); // any two kinds
    CHECK(inode("f") == d && inode("d") == f);
    CHECK(exists("f/in"));
    CHECK_OK(rename2("d", "e", RENAME_EXCHANGE));
    CHECK_EQ(inode("e"), f);
    CHECK_ERRNO(rename2("f", "none", RENAME_EXCHANGE), ENOENT);
    CHECK_ERRNO(rename2("f", "f/in", RENAME_EXCHANGE), EINVAL);
    CHECK_ERRNO(rename2("f", "e", RENAME_EXCHANGE | RENAME_NOREPLACE), EINVAL);
    CHECK_ERRNO(rename2("f", "e", 1 << 20), EINVAL);
    CHECK_OK(unlink("f/in"));
    CHECK_OK(rmdir("f"));
    CHECK_OK(rmdir("d"));
    CHECK_OK(unlink("e"));
}

TEST(symlinks_are_moved_not_followed)
{
    write_file("f", "x");
    CHECK_OK(symlink("f", "l"));
    CHECK_OK(symlink("none", "m"));
    CHECK_OK(rename("l", "m"));
    CHECK(exists("f") && !exists("l"));
    CHECK_OK(lstat("m", &st));
    CHECK(S_ISLNK(st.st_mode));
    CHECK_OK(rename("f", "m")); // replaces the link
    CHECK_OK(lstat("m", &st));
    CHECK(S_ISREG(st.st_mode));
    CHECK_OK(unlink("m"));
}

TEST(open_file_follows_move)
{
    char link[64], name[PATH_MAX];
    write_file("f", "");
    int fd = CHECK_OK(open("f", O_RDONLY));
    CHECK_OK(rename("f", "g"));
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = CHECK_OK(readlink(link, name, sizeof name - 1));
    name[n] = 0;
    CHECK(n > 2 && strcmp(name + n - 2, "/g") == 0);
    CHECK_OK(close(fd));
    CHECK_OK(unlink("g"));
}

TEST(replacing_is_atomic)
{
    // A reader never sees the name missing while a writer replaces it.
    int stop[2];
    pid_t pid;
    write_file("f", "v");
    CHECK_OK(pipe2(stop, O_NONBLOCK));
    IN_CHILD(pid) {
        char byte;
        while (read(stop[0], &byte, 1) == -1 && errno == EAGAIN) CHECK_OK(stat("f", &st));
    }
    for (int i = 0; i < 300; i++) {
        write_file("t", "v");
        CHECK_OK(rename("t", "f"));
    }
    pipe_signal(stop[1]);
    CHECK_EXIT(pid, 0);
    CHECK_OK(close(stop[0]));
    CHECK_OK(close(stop[1]));
    CHECK_OK(unlink("f"));
}

static void *replacer(void *stop)
{
    for (int i = 0; i < 2000; i++) {
        int fd = open("replace.new", O_WRONLY | O_CREAT | O_TRUNC, 0600);
        if (fd < 0 || close(fd) || rename("replace.new", "replaced")) guest_fail(__FILE__, __LINE__, errno, "round %d", i);
    }
    __atomic_store_n((int *)stop, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

// rename(2): if newpath exists, there is no point at which another process attempting to access it will find it missing.
TEST(replaced_name_is_never_missing)
{
    int stop = 0, fd = CHECK_OK(open("replaced", O_WRONLY | O_CREAT, 0600));
    pthread_t thread;
    CHECK_OK(close(fd));
    CHECK_EQ(pthread_create(&thread, NULL, replacer, &stop), 0);
    while (!__atomic_load_n(&stop, __ATOMIC_SEQ_CST)) {
        fd = open("replaced", O_RDONLY);
        if (fd < 0) guest_fail(__FILE__, __LINE__, errno, "open");
        close(fd);
    }
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_OK(unlink("replaced"));
}
