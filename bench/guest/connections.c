// Makes so many TCP connections to itself over 127.0.0.1 when a line comes, and then waits: `connections COUNT`. Says "ready", then "made".
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static void must(long result, const char *what)
{
    if (result < 0) {
        perror(what);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    int count = argc > 1 ? atoi(argv[1]) : 1000;
    struct rlimit files = {2 * (rlim_t)count + 20, 2 * (rlim_t)count + 20};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    must(listener, "socket");
    must(setrlimit(RLIMIT_NOFILE, &files), "setrlimit");
    must(bind(listener, (struct sockaddr *)&address, size), "bind");
    must(listen(listener, 128), "listen");
    must(getsockname(listener, (struct sockaddr *)&address, &size), "getsockname");
    puts("ready");
    fflush(stdout);
    must(getchar(), "getchar");
    for (int i = 0; i < count; i++) {
        int client = socket(AF_INET, SOCK_STREAM, 0);
        must(client, "socket");
        must(connect(client, (struct sockaddr *)&address, size), "connect");
        must(accept(listener, NULL, NULL), "accept");
    }
    puts("made");
    fflush(stdout);
    for (;;) pause();
}
