namespace Dragonet.Cli.Options;

/// <summary>What `dragonet help COMMAND` and `dragonet COMMAND --help` print: how it is written, what it does, examples.</summary>
internal static class HelpTexts
{
    /// <summary>The text of a command; null when its line in the list of commands says everything.</summary>
    internal static string? Find(string command) => command switch
    {
        "boot" => """
            usage: dragonet boot [NAME] [-m SIZE] [-n CPUS] [-v HOST:GUEST[:ro]]… [--net user|none] [--allow RULE]… [-p HOST:GUEST]…
                                 [--group GROUP] [--console login|COMMAND] [-f|--foreground]

            Starts a kernel that stays until it is halted. Jails are made in it with 'dragonet jail' and 'dragonet run --name'.

            examples:
              dragonet boot
              dragonet boot work -m 4G --net user
              dragonet boot work --console login  (then: dragonet console work)
              dragonet boot work --foreground     (for a service manager: eng/systemd)
            """,
        "halt" or "kill" or "reboot" => """
            usage: dragonet halt [-t SECONDS] [NAME]
                                              ends the programs in order (SIGTERM, and after 10 seconds or -t SIGKILL), then the kernel
                   dragonet kill [NAME]       ends one that does not answer
                   dragonet reboot [NAME]     halts it and boots it as before
                   dragonet reboot -j JAIL    starts again what runs in a jail by itself
            """,
        "ls" => """
            usage: dragonet ls [-q] [--json]

            Lists the kernels of this user that stay. -q: names only.
            """,
        "jail" => """
            usage: dragonet jail [-K KERNEL] [-q|-v] [-i] -c|-m|-cm|-r|-rc [JAIL…] [PARAMETER=VALUE…] [command=PROGRAM ARG…]
                   dragonet jail [-K KERNEL] [-f FILE] [-J IDFILE] [-p AT-ONCE] -c|-m|-cm|-r|-rc [JAIL…]
                   dragonet jail clone JAIL NAME

            Makes (-c), changes (-m) and removes (-r) jails; -cm makes or changes, -rc removes and makes again. Parameters are those of
            jail(8): docs/jail-parameters.md lists them. With -f they come from a jail.conf(5).

            examples:
              dragonet jail -c name=web persist net=lan0
              dragonet jail -c name=job command=make -j2
              dragonet jail -m name=web limit.memoryuse=256M
              dragonet jail -f jail.conf -c
              dragonet jail -r web
            """,
        "jls" => """
            usage: dragonet jls [-K KERNEL] [-hnNqv] [--json] [-j JAIL] [PARAMETER…]

            Lists jails. -n: name=value, which 'dragonet jail -c' reads; -h: a line of names first; -N: names instead of numbers; -q: quoted;
            -v: more.

            examples:
              dragonet jls
              dragonet jls -j web -n
              dragonet jls --json
            """,
        "jexec" or "exec" => """
            usage: dragonet jexec [-K KERNEL] [-l] [-d DIR] [-u USER] [-e KEY=VALUE]… [-T] [-b] JAIL COMMAND [ARG…]

            Runs a program in a jail, with this terminal (-T: without). -l: a clean environment, as at a login; -d: where it starts; -b: it goes
            on by itself, and 'dragonet logs' has what it prints. The exit status is the program's.

            examples:
              dragonet jexec web sh
              dragonet exec -l -u www-data web id
            """,
        "jps" or "ps" => """
            usage: dragonet jps [-K KERNEL] [--json] [JAIL]

            Lists the processes of all jails, or of one.
            """,
        "census" => """
            usage: dragonet census [-K KERNEL] [--json] [JAIL]

            Counts the objects of a kernel, or of one jail: processes, open files, sockets, mounts, and so on. What a jail had is zero once it
            is removed.
            """,
        "rctl" => """
            usage: dragonet rctl [-K KERNEL] -a RULE… | -l [FILTER…] | -r FILTER… | -u [-h] [-v] SUBJECT… | -f FILE

            Adds, lists and removes rules, and tells what is used (docs/rctl.md).

            examples:
              dragonet rctl -a jail:web:memoryuse:deny=256M
              dragonet rctl -a jail:web:pcpu:deny=50
              dragonet rctl -hu jail:web
            """,
        "switch" => """
            usage: dragonet switch [-p PATH] [-g GROUP] [-d] [--tap NAME] [--hub] [--open] [--no-trunk] [--ports N] [--impair WORDS]
                   dragonet switch ls|fdb [-p PATH] [--json]              its ports; the addresses that it knows
                   dragonet switch impair PORT|all WORD… [-p PATH]        delay=20ms jitter=5ms loss=1% duplicate=1% reorder=1% corrupt=0.1%
                                                                          rate=10mbit queue=100 seed=7 partition, or off
                   dragonet switch capture [-w FILE] [-p PATH]            everything that passes, as pcapng

            A switch that kernels are plugged into ('dragonet run|boot --net switch:PATH'), until ^C. It is a UNIX socket at PATH (SOCK_SEQPACKET, a packet
            is a frame), for this user, or with -g for a group. -d: it goes on by itself, and what it says is in PATH.log. Nobody sends as
            somebody else: --open switches that off, --no-trunk lets nobody have others behind him. --tap: this machine is plugged in, too.

            examples:
              dragonet switch -p /tmp/lan &
              dragonet run --net switch:/tmp/lan,ip=10.2.0.1/24,ip=fd00::1/64 -- python3 -m http.server 80
              dragonet run --net switch:/tmp/lan,ip=10.2.0.2/24 -- curl http://10.2.0.1/
              dragonet switch impair all delay=20ms loss=1% seed=7 -p /tmp/lan
              dragonet switch capture -w - -p /tmp/lan | tshark -r -
            """,
        "template" => """
            usage: dragonet template build DISTRIBUTION:SUITE NAME      from the distribution's packages (needs debootstrap)
                   dragonet template import FILE|DIR NAME               a tar, an OCI image, a saved docker image, a directory
                   dragonet template snapshot JAIL NAME | ls [--json] | rm NAME… | export NAME FILE | diff NAME OTHER

            Keeps trees of files that jails start from: they are /templates/NAME in every kernel that stays. A snapshot has all of the system that
            the jail runs on, with its changes; of one that has path=/ that is this machine's /usr, too. What others share with it, or its programs
            have mounted, stays out, and is named.

            examples:
              dragonet template build debian:bookworm base
              dragonet jail -c name=web path=/templates/base overlay persist
              dragonet template snapshot web web-installed
            """,
        "console" => """
            usage: dragonet console [-K KERNEL] [-e CHAR|none] [NAME]     sit down at the console of a jail or a kernel
                   dragonet console [-K KERNEL] -l [NAME]                 only read what the kernel says, or what programs of a jail print

            A console is there when its jail has the parameter `console`, or its kernel was booted with --console: `login` has getty(8) ask for
            a name and start login(1); any other text is a command of sh(1). Whichever it is, it is started again when it ends. ^] leaves the
            console, and the session stays; -e ^X or -e none chooses another key. NAME is a jail of the kernel, else a kernel; without it, the
            kernel. What has no console is read, as with -l.

            examples:
              dragonet boot lab --console login
              dragonet console lab
              dragonet jail -c name=web path=/templates/debian overlay persist console=login
              dragonet jexec web sh -c 'useradd -m joe; echo joe:secret | chpasswd'
              dragonet console web
            """,
        "stop" => """
            usage: dragonet stop [-K KERNEL] [-t SECONDS] JAIL…

            Ends the programs of jails: SIGTERM, and SIGKILL for those that still run after 10 seconds, or as many as -t says (0: at once). The
            jails stay.
            """,
        "cp" => """
            usage: dragonet cp [-K KERNEL] JAIL:PATH DEST
                   dragonet cp [-K KERNEL] SOURCE JAIL:PATH

            Copies files and directories from a jail or into one. A directory comes with what the jail sees below it, shared directories too; of
            /proc, /sys and /dev only the directories.
            """,
        "net" => """
            usage: dragonet net [-K KERNEL] [-j JAIL] ls|stats|route|ss [--json]
                   dragonet net capture [IF] [-w FILE]
                   dragonet net impair IF delay=20ms loss=1% seed=7 | off
                   dragonet net rule add|ls|rm|flush|policy …
                   dragonet net bridge|epair add NAME, mv IF JAIL, rm IF, up IF, down IF, addr IF ADDR/LEN

            Looks at the networks of jails and changes them (docs/network.md).

            examples:
              dragonet net ls
              dragonet net capture -w all.pcapng
              dragonet net -j web rule add input tcp dport 22 drop
            """,
        "doctor" => """
            usage: dragonet doctor [--json]

            Says what this host offers, what is slower or missing without it, and what works anyway.
            """,
        _ => null,
    };
}
