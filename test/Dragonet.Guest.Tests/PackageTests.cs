using System.IO;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>apt-get in a jail on a read-only base, and in a root that was changed in a jail. The repository is made here: nothing is fetched.</summary>
public sealed class PackageTests : IDisposable
{
    private readonly string _place = Directory.CreateTempSubdirectory("packages").FullName;

    public void Dispose() => Directory.Delete(_place, recursive: true);

    [Fact]
    public void N6_a_package_is_installed_in_one_jail_and_not_in_the_next()
    {
        MakeRepository();
        using var kernel = DragonetKernel.Boot(new KernelOptions { Volumes = [new Volume(_place, "/packages", ReadOnly: true)] });
        using var a = kernel.Jails.Create(new JailOptions { Name = "a", Overlay = true });
        using var b = kernel.Jails.Create(new JailOptions { Name = "b", Overlay = true });
        Assert.EndsWith("works as 0 0\ninstalled\n", Run(a, Install), StringComparison.Ordinal);
        Assert.Equal("no\n", Run(b, "command -v small-tool || echo no"));
        using var clone = kernel.Jails.Clone(a, "c", []);
        Assert.EndsWith("gone\n", Run(a, "apt-get -y -qq purge small-tool >/dev/null 2>&1; command -v small-tool || echo gone"), StringComparison.Ordinal);
        Assert.Equal("works as 0 0\n", Run(clone, "small-tool"));
    }

    [Fact]
    public void CH6_a_package_is_installed_in_a_tree_that_became_the_root()
    {
        MakeRepository();
        using var kernel = DragonetKernel.Boot(new KernelOptions { Volumes = [new Volume(_place, "/packages", ReadOnly: true)] });
        using var jail = kernel.Jails.Create(new JailOptions
        {
            Name = "a",
            Overlay = true,
            Parameters = new Dictionary<string, string?> { ["enforce_statfs"] = "1", ["allow.mount"] = null, ["allow.mount.procfs"] = null, ["allow.mount.devfs"] = null, ["allow.mount.nullfs"] = null, ["allow.mount.tmpfs"] = null },
        });
        File.WriteAllText(Path.Combine(_place, "install"), Install);
        Assert.EndsWith(
            "works as 0 0\ninstalled\nout: no\n",
            Run(jail, """
                mkdir -p /other/usr /other/proc /other/dev/pts /other/tmp /other/packages /other/var; cp -a /etc /other/etc
                for d in bin sbin lib lib64; do [ -L /$d ] && ln -s usr/$d /other/$d; done
                cp -a /usr/share/keyrings /tmp 2>/dev/null
                mkdir /up /work; mount -t tmpfs tmpfs /up; mkdir /up/u /up/w
                mount -t overlay -o lowerdir=/usr,upperdir=/up/u,workdir=/up/w overlay /other/usr || exit 1
                mount --bind /packages /other/packages; mount -t proc proc /other/proc; mount -t devpts devpts /other/dev/pts
                mknod -m 666 /other/dev/null c 1 3; mknod -m 666 /other/dev/urandom c 1 9
                chroot /other sh /packages/install
                printf 'out: '; command -v small-tool || echo no
                """),
            StringComparison.Ordinal);
    }

    // dpkg of a machine that has installed nothing yet: the packages of the base are not this tree's.
    private const string Install = """
        mkdir -p /var/lib/dpkg/info /var/lib/dpkg/updates /var/lib/apt/lists/partial /var/cache/apt/archives/partial /var/log/apt /tmp/parts
        touch /var/lib/dpkg/status /var/lib/dpkg/available
        export DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin
        echo 'deb [trusted=yes] file:/packages ./' >/tmp/list
        options='-o Dir::Etc::SourceList=/tmp/list -o Dir::Etc::SourceParts=/tmp/parts -o Dir::Etc::Parts=/tmp/parts -o Dir::Etc::Main=/dev/null -o APT::Sandbox::User=root'
        apt-get $options -qq update && apt-get $options -y -qq install small-tool
        small-tool
        dpkg-query -W -f '${db:Status-Status}\n' small-tool
        """;

    private void MakeRepository()
    {
        HostTool.Require("apt-get", "apt");
        HostTool.Require("dpkg-deb", "dpkg");
        const string script = """
            set -e
            mkdir -p tree/DEBIAN tree/usr/bin tree/etc/small
            printf 'Package: small-tool\nVersion: 1.0\nArchitecture: all\nMaintainer: nobody <nobody@example.org>\nDescription: a tool\n' >tree/DEBIAN/control
            printf '#!/bin/sh\nset -e\nchown 0:0 /etc/small/owner\necho configured >/etc/small/state\n' >tree/DEBIAN/postinst
            printf '#!/bin/sh\n[ "$(cat /etc/small/state)" = configured ] && echo works as $(id -u) $(stat -c %%u /etc/small/owner)\n' >tree/usr/bin/small-tool
            echo /etc/small/owner >tree/DEBIAN/conffiles
            echo owner >tree/etc/small/owner
            chmod 755 tree/DEBIAN/postinst tree/usr/bin/small-tool
            dpkg-deb --root-owner-group -b tree small-tool_1.0_all.deb >/dev/null
            { cat tree/DEBIAN/control; echo "Filename: ./small-tool_1.0_all.deb"; echo "Size: $(stat -c %s small-tool_1.0_all.deb)"; echo "SHA256: $(sha256sum small-tool_1.0_all.deb | cut -d' ' -f1)"; echo; } >Packages
            chmod 755 .
            """;
        var made = HostTool.Run("sh", ["-c", script], _place, TimeSpan.FromMinutes(1));
        Assert.True(made.Status == 0, made.Error);
    }

    private static string Run(GuestJail jail, string script)
    {
        using var process = jail.Start(new ProgramOptions { Arguments = ["/bin/sh", "-c", "exec 2>&1\n" + script], Output = GuestStream.Pipe, Error = GuestStream.Pipe });
        using var output = new StreamReader(process.StandardOutput);
        var text = output.ReadToEnd();
        _ = process.Wait();
        return text;
    }
}
