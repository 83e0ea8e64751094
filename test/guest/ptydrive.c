// Runs a program on a pseudo terminal and talks to it as a user would.
//
//   ptydrive SCRIPT PROGRAM [ARGUMENT ...]
//
// Lines of SCRIPT, with C escapes (\r, \003, \\):
//
//   send TEXT        type it
//   expect TEXT      read until it has come; what is before it is done with
//   size ROWS COLS   change the window
//   exit STATUS      the program ends, with this status (128 + signal when killed)
//
// Ends with 0 when all went well. Else it shows the line, and what the program printed. Nothing waits longer than half a minute.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { PATIENCE = 30000 }; // milliseconds
static char output[1 << 20];
static size_t seen, length;
static int master;
static pid_t child;

static size_t unescape(char *text)
{
    char *to = text;
    for (char *from = text; *from; from++) {
        if (*from != '\\') *to++ = *from;
        else if (from[1] == 'r') *to++ = '\r', from++;
        else if (from[1] == 'n') *to++ = '\n', from++;
        else if (from[1] == '\\') *to++ = '\\', from++;
        else if (from[1] >= '0' && from[1] <= '3' && from[2] && from[3]) *to++ = (from[1] - '0') * 64 + (from[2] - '0') * 8 + from[3] - '0', from += 3;
        else *to++ = *from;
    }
    *to = 0;
    return to - text;
}

// Takes in more output: 0 at the end of it or of our patience.
static int more(void)
{
    struct pollfd entry = {master, POLLIN, 0};
    if (poll(&entry, 1, PATIENCE) <= 0) return 0;
    ssize_t n = read(master, output + length, sizeof output - 1 - length);
    if (n <= 0) return 0; // EIO: nobody has the terminal open any more
    length += n;
    output[length] = 0;
    return 1;
}

static int expect(const char *text, size_t size)
{
    for (;;) {
        char *found = memmem(output + seen, length - seen, text, size);
        if (found) {
            seen = found - output + size;
            return 1;
        }
        if (!more()) return 0;
    }
}

static int ends(int wanted)
{
    int status;
    while (more()) {}
    close(master);
    if (waitpid(child, &status, 0) != child) return 0;
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    child = 0;
    if (code != wanted) fprintf(stderr, "status %d\n", code);
    return code == wanted;
}

int main(int argc, char **argv)
{
    struct winsize window = {24, 80, 0, 0};
    char line[4096];
    FILE *script;
    int bad = 0, number = 0;
    if (argc < 3 || !(script = fopen(argv[1], "re"))) return fprintf(stderr, "usage: ptydrive SCRIPT PROGRAM [ARGUMENT ...]\n"), 2;
    if ((child = forkpty(&master, NULL, NULL, &window)) == -1) return perror("forkpty"), 2;
    if (child == 0) {
        for (int i = 1; i < 32; i++) signal(i, SIG_DFL);
        execvp(argv[2], argv + 2);
        perror(argv[2]);
        _exit(127);
    }
    while (!bad && fgets(line, sizeof line, script)) {
        line[strcspn(line, "\n")] = 0;
        number++;
        char *text = strchr(line, ' ');
        if (!text || line[0] == '#') continue;
        char command[4096];
        snprintf(command, sizeof command, "%s", line);
        *text++ = 0;
        size_t size = unescape(text);
        if (!strcmp(line, "send")) bad = write(master, text, size) != (ssize_t)size;
        else if (!strcmp(line, "expect")) bad = !expect(text, size);
        else if (!strcmp(line, "size")) bad = sscanf(text, "%hu %hu", &window.ws_row, &window.ws_col) != 2 || ioctl(master, TIOCSWINSZ, &window);
        else if (!strcmp(line, "exit")) bad = !ends(atoi(text));
        else bad = 1;
        if (bad) fprintf(stderr, "line %d: %s\nall output:\n%s\n", number, command, output);
    }
    if (child) kill(child, SIGKILL), waitpid(child, NULL, 0);
    return bad;
}
