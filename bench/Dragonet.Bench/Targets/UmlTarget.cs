using System.Diagnostics;
using System.IO;

namespace Dragonet.Bench.Targets;

/// <summary>User-Mode Linux on the host's files, working in a tmpfs of its own.</summary>
internal sealed class UmlTarget() : Target("uml", "UML")
{
    internal override string Version { get; } = $"UML {FirstLine("linux.uml", "--version")}";

    internal override ProcessStartInfo Command(string kit, string work, params string[] program)
    {
        var init = Path.Combine(work, "init");
        File.WriteAllText(init, $"""
            #!/bin/sh
            export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C TMPDIR=/mnt
            mount -t proc none /proc
            mount -t tmpfs none /mnt
            ip link set lo up
            cd /mnt
            {string.Join(' ', program.Select(word => $"'{word}'"))}
            echo o > /proc/sysrq-trigger
            sleep 100

            """);
        File.SetUnixFileMode(init, UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.UserWrite);
        return Start(work, "linux.uml", "mem=1G", "root=/dev/root", "rootfstype=hostfs", "rootflags=/", "rw", "quiet", $"init={init}", "con=null", "con0=fd:0,fd:1");
    }
}
