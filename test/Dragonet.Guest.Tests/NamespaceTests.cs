using System.IO;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>User and mount namespaces of ordinary users, in jail 0 and in jails. What they do and do not do in detail: test/guest/user_namespace.c
/// and mount_namespace.c.</summary>
[Collection(typeof(AloneCollection))]
public sealed class NamespaceTests
{
    private const string AsUser = "setpriv --reuid 1000 --regid 1000 --clear-groups ";

    private const string Root = """
        umask 022
        for f in /usr/bin/id $(ldd /usr/bin/id | grep -o '/[^ ]*'); do mkdir -p /tmp/r$(dirname $f); cp $f /tmp/r$f; done
        """ + "\n" + AsUser + """
        sh -c '
        unshare -Ur chroot /tmp/r /usr/bin/id -u
        unshare -Ur chroot /tmp/r /usr/bin/id -g
        chroot /tmp/r /usr/bin/id -u 2>/dev/null || echo refused
        unshare -Ur chown 0 /tmp/r 2>/dev/null || echo refused'
        """;

    private const string Mounts = AsUser + """
        sh -c '
        unshare -Urm sh -c "mount -t tmpfs x /mnt && touch /mnt/own && ls /mnt" 2>/dev/null || echo refused
        ls /mnt
        unshare -Urm sh -c "mount --rbind / /tmp/b && ls /tmp/b/tmp" 2>/dev/null || echo refused'
        """;

    [Fact]
    public void CH2_an_ordinary_user_changes_his_root_in_a_user_namespace()
    {
        using var kernel = DragonetKernel.Boot();
        using var jail = kernel.Jails.Create(new JailOptions { Name = "a", Overlay = true });
        Assert.Equal("0\n0\nrefused\nrefused\n", Run(kernel.Jails.Root, Root));
        Assert.Equal("0\n0\nrefused\nrefused\n", Run(jail, Root));
    }

    [Fact]
    public void A_user_of_a_jail_mounts_what_its_root_may_mount()
    {
        using var kernel = DragonetKernel.Boot();
        using var strict = kernel.Jails.Create(new JailOptions { Name = "strict", Overlay = true });
        using var wide = kernel.Jails.Create(new JailOptions
        {
            Name = "wide",
            Overlay = true,
            Parameters = new Dictionary<string, string?> { ["enforce_statfs"] = "1", ["allow.mount"] = null, ["allow.mount.tmpfs"] = null },
        });
        foreach (var jail in new[] { kernel.Jails.Root, strict, wide })
        {
            _ = Run(jail, "mkdir -m 777 /tmp/b");
        }

        Assert.Equal("own\nb\n", Run(kernel.Jails.Root, Mounts));
        Assert.Equal("refused\nrefused\n", Run(strict, Mounts));
        Assert.Equal("own\nrefused\n", Run(wide, Mounts));
    }

    [Fact]
    public void Namespaces_go_with_their_last_process()
    {
        using var kernel = DragonetKernel.Boot();
        _ = Run(kernel.Jails.Root, "true");
        var before = kernel.TakeCensus();
        const string fill = "unshare -Urm sh -c 'mount -t tmpfs x /mnt && head -c 1000000 /dev/zero > /mnt/f && mount --rbind / /mnt; unshare -Urm true; ls /mnt' & ";
        _ = Run(kernel.Jails.Root, AsUser + $"sh -c \"for i in 1 2 3 4 5 6 7 8; do {fill} done; wait\"");
        var after = kernel.TakeCensus();
        Assert.Equal("0", after["namespaces"]);
        // The kernel's own timers and what is on its way in buffers come and go.
        Assert.Equal(before.Where(pair => pair.Key is not ("timers" or "buffered.bytes")), after.Where(pair => pair.Key is not ("timers" or "buffered.bytes")));
    }

    [Fact]
    public void The_root_of_the_kernel_says_how_many_there_may_be()
    {
        using var kernel = DragonetKernel.Boot();
        using var jail = kernel.Jails.Create(new JailOptions { Name = "a", Overlay = true });
        const string one = "echo 1 > /proc/sys/user/max_user_namespaces && " + AsUser + "unshare -Ur unshare -Ur true 2>/dev/null || echo refused; " + AsUser + "unshare -Ur echo one";
        Assert.Equal("refused\none\n", Run(kernel.Jails.Root, one));
        Assert.Equal("refused\n", Run(jail, "echo 100 2>/dev/null > /proc/sys/user/max_user_namespaces || echo refused"));
    }

    private static string Run(GuestJail jail, string script)
    {
        using var process = jail.Start(new ProgramOptions { Arguments = ["sh", "-c", script], Output = GuestStream.Pipe });
        using var output = new StreamReader(process.StandardOutput);
        var text = output.ReadToEnd();
        _ = process.Wait();
        return text;
    }
}
