// Executes every file of a directory, in order of their names, and tells how each ended: "NAME: errno 8", "NAME: exit 0", "NAME: signal 11".
//
//   try_exec DIRECTORY [LINK PROGRAM]
//
// With LINK and PROGRAM each file in turn is what the symbolic link LINK names (the interpreter of PROGRAM), and PROGRAM is executed.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int is_file(const struct dirent *entry) { return entry->d_name[0] != '.'; }

int main(int argc, char **argv)
{
    struct dirent **files;
    int count;
    if (argc != 2 && argc != 4) return fprintf(stderr, "usage: try_exec DIRECTORY [LINK PROGRAM]\n"), 2;
    if ((count = scandir(argv[1], &files, is_file, alphasort)) == -1) return perror(argv[1]), 1;
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    for (int i = 0; i < count; i++) {
        char path[4096];
        int report[2], status, error = 0;
        snprintf(path, sizeof path, "%s/%s", argv[1], files[i]->d_name);
        if (argc == 4 && ((unlink(argv[2]) && errno != ENOENT) || symlink(path, argv[2]))) return perror(argv[2]), 1;
        if (pipe2(report, O_CLOEXEC)) return perror("pipe"), 1;
        pid_t pid = fork();
        if (pid == -1) return perror("fork"), 1;
        if (pid == 0) {
            char *program = argc == 4 ? argv[3] : path, *arguments[] = {program, NULL}, *environment[] = {NULL};
            int null = open("/dev/null", O_RDWR);
            for (int fd = 0; fd < 3; fd++) dup2(null, fd);
            alarm(2); // survives the exec: damaged programs may loop
            execve(program, arguments, environment);
            error = errno;
            (void)!write(report[1], &error, sizeof error);
            _exit(0);
        }
        close(report[1]);
        (void)!read(report[0], &error, sizeof error);
        close(report[0]);
        while (waitpid(pid, &status, 0) == -1) {}
        if (error) printf("%s: errno %d\n", files[i]->d_name, error);
        else if (WIFSIGNALED(status)) printf("%s: signal %d\n", files[i]->d_name, WTERMSIG(status));
        else printf("%s: exit %d\n", files[i]->d_name, WEXITSTATUS(status));
    }
    return 0;
}
