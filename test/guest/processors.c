// What programs learn of processors and memory from /sys and /proc: lscpu(1), numactl(8), hwloc and runtimes read these and stop, or
// worse, where one is missing or says what sched_getaffinity(2) does not.
#include "guest.h"
#include <cpuid.h>
#include <ctype.h>

static char text[65536];
static const char *read_sys(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "/sys/devices/system/%s", name);
    ssize_t length = read_file(path, text, sizeof text - 1);
    text[length < 0 ? 0 : length] = 0;
    return text;
}

static bool has_node(void) { return access("/sys/devices/system/node/node0", F_OK) == 0; } // a host may be built without

TEST(processors_of_the_list_are_there)
{
    int first = -1, last = -1;
    CHECK(sscanf(read_sys("cpu/online"), "%d-%d", &first, &last) >= 1);
    CHECK_EQ(first, 0);
    CHECK(sysconf(_SC_NPROCESSORS_ONLN) >= 1 && (strchr(text, ',') || sysconf(_SC_NPROCESSORS_ONLN) == (last < 0 ? 1 : last + 1)));
    CHECK(strchr(read_sys("cpu/possible"), '\n') != NULL);
    CHECK(atoi(read_sys("cpu/kernel_max")) >= last);
    CHECK(access("/sys/devices/system/cpu/cpu0/topology", F_OK) == 0);
    CHECK(sscanf(read_sys("cpu/cpu0/topology/core_id"), "%d", &first) == 1 && first >= 0);
    CHECK(sscanf(read_sys("cpu/cpu0/topology/die_id"), "%d", &first) == 1);
    CHECK(strtoul(read_sys("cpu/cpu0/topology/core_cpus"), NULL, 16) & 1);
    CHECK(strtoul(read_sys("cpu/cpu0/topology/package_cpus"), NULL, 16) & 1);
}

TEST(caches_are_those_of_cpuid)
{
    if (access("/sys/devices/system/cpu/cpu0/cache/index0", F_OK) != 0) return; // the processor does not tell
    unsigned level = (unsigned)atoi(read_sys("cpu/cpu0/cache/index0/level"));
    unsigned line = (unsigned)atoi(read_sys("cpu/cpu0/cache/index0/coherency_line_size"));
    unsigned ways = (unsigned)atoi(read_sys("cpu/cpu0/cache/index0/ways_of_associativity"));
    unsigned sets = (unsigned)atoi(read_sys("cpu/cpu0/cache/index0/number_of_sets"));
    CHECK_EQ(level, 1u);
    CHECK(line == 64 || line == 32 || line == 128);
    CHECK(read_sys("cpu/cpu0/cache/index0/size")[strspn(text, "0123456789")] == 'K');
    CHECK_EQ((unsigned)atoi(text) * 1024u, line * ways * sets);
    CHECK(strncmp(read_sys("cpu/cpu0/cache/index0/type"), "Data", 4) == 0);
    CHECK(strtoul(read_sys("cpu/cpu0/cache/index0/shared_cpu_map"), NULL, 16) & 1);
}

TEST(one_node_has_processors_and_memory)
{
    unsigned long total = 0, free_memory = 0, used = 0;
    if (!has_node()) return;
    CHECK(strtoul(read_sys("node/node0/cpumap"), NULL, 16) & 1);
    CHECK(isdigit(read_sys("node/node0/cpulist")[0]));
    CHECK(atoi(read_sys("node/node0/distance")) == 10);
    read_sys("node/node0/meminfo");
    CHECK(strstr(text, "MemTotal:") && sscanf(strstr(text, "MemTotal:"), "MemTotal: %lu kB", &total) == 1);
    CHECK(strstr(text, "MemFree:") && sscanf(strstr(text, "MemFree:"), "MemFree: %lu kB", &free_memory) == 1);
    CHECK(strstr(text, "MemUsed:") && sscanf(strstr(text, "MemUsed:"), "MemUsed: %lu kB", &used) == 1);
    CHECK(total > 0 && free_memory <= total && used <= total);
}

TEST(cpuinfo_says_what_the_processor_says)
{
    unsigned a = 0, words[4] = {0}, family, shown = 0;
    char vendor[64], *line;
    ssize_t length = read_file("/proc/cpuinfo", text, sizeof text - 1);
    CHECK(length > 0);
    text[length < 0 ? 0 : length] = 0;
    CHECK(__get_cpuid(0, &a, &words[0], &words[2], &words[1]));
    snprintf(vendor, sizeof vendor, "vendor_id\t: %.12s\n", (char *)words);
    CHECK(strstr(text, vendor) != NULL);
    CHECK(__get_cpuid(1, &a, &words[0], &words[1], &words[2]));
    family = (a >> 8) & 15;
    if (family == 15) family += (a >> 20) & 0xff;
    line = strstr(text, "cpu family\t: ");
    CHECK(line && sscanf(line, "cpu family\t: %u", &shown) == 1);
    CHECK_EQ(shown, family);
    CHECK(strstr(text, "model name\t: ") && strstr(text, "\nflags\t\t: "));
}
