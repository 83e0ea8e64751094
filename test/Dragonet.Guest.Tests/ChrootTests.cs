using System.IO;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>chroot(2) in jails, and second names of trees (nullfs): test/guest/chroot.py, test/guest/nullfs.py.</summary>
[Collection(typeof(AloneCollection))]
public sealed class ChrootTests
{
    private const string Sender = """
        import os,socket,sys
        s=socket.socket(socket.AF_UNIX); s.bind('/srv/s'); s.listen(); print('up',flush=True)
        c,_=s.accept(); socket.send_fds(c,[b'x'],[os.open('/etc/passwd',os.O_RDONLY),os.open('/',os.O_RDONLY),os.open('/etc/passwd',os.O_RDONLY)]); c.recv(1)
        """;

    private const string Receiver = """
        import os,socket
        c=socket.socket(socket.AF_UNIX); c.connect('/srv/s'); m,fds,flags,_=socket.recv_fds(c,10,10)
        print(m,len(fds),bool(flags&socket.MSG_CTRUNC),len(os.listdir('/proc/self/fd')),flush=True)
        """;

    [Fact]
    public void CH1_CH2_CH3_a_changed_root_is_as_on_Linux_and_every_way_out_ends_at_the_jail()
    {
        using var kernel = DragonetKernel.Boot(Guests());
        using var jail = kernel.Jails.Create(new JailOptions
        {
            Name = "a",
            Overlay = true,
            Parameters = new Dictionary<string, string?> { ["enforce_statfs"] = "1", ["allow.mount"] = null, ["allow.mount.procfs"] = null },
        });
        Assert.Equal(
            """
            CH1 root True True ['d', 'file', 'link', 'loop', 'shut', 'sub'] []
            CH1 errors ENOTDIR ENOENT ELOOP ENAMETOOLONG
            CH1 bad address -1 EFAULT
            CH2 nobody EPERM EACCES
            CH2 set-user-id 1000
            CH3 open directory True
            CH3 second chroot True
            CH3 moved out 1
            CH3 device OK ENXIO
            CH3 root of another True
            CH3 received True

            """, Run(jail, "python3", "/guest/chroot.py"));
    }

    [Fact]
    public void CH3_a_directory_of_another_jail_is_not_received()
    {
        using var kernel = DragonetKernel.Boot();
        using var wide = kernel.Jails.Create(new JailOptions { Name = "wide" });
        _ = Run(kernel.Jails.Root, "sh", "-c", "mkdir -p /j/usr /j/srv /j/proc /j/etc; for d in bin lib lib64; do ln -s usr/$d /j/$d; done; mount --bind /usr /j/usr; mount --bind /srv /j/srv");
        using var narrow = kernel.Jails.Create(new JailOptions { Name = "narrow", Path = "/j" });
        using var sender = wide.Start(new ProgramOptions { Arguments = ["python3", "-c", Sender], Output = GuestStream.Pipe });
        using var output = new StreamReader(sender.StandardOutput);
        Assert.Equal("up", output.ReadLine());
        // 0, 1, 2, the socket, the first file, and the directory that is listed.
        Assert.Equal("b'x' 1 True 6\n", Run(narrow, "python3", "-c", Receiver));
        _ = sender.Wait();

        // Within a jail it is like on Linux.
        Assert.Equal("", Run(wide, "rm", "/srv/s"));
        using var again = wide.Start(new ProgramOptions { Arguments = ["python3", "-c", Sender], Output = GuestStream.Pipe });
        using var second = new StreamReader(again.StandardOutput);
        Assert.Equal("up", second.ReadLine());
        Assert.Equal("b'x' 3 False 8\n", Run(wide, "python3", "-c", Receiver));
    }

    [Fact]
    public void N1_N2_N3_N4_N5_N7_a_second_name_of_a_tree()
    {
        using var kernel = DragonetKernel.Boot(Guests());
        Assert.Equal(
            """
            N1 inode True device False
            N1 getcwd /alias/sub
            N1 coherent b'new' b'new' b'map'
            N1 flock EAGAIN
            N1 fcntl EAGAIN
            N1 inotify True
            N7 stacked [] ['t']
            N7 order EBUSY OK
            N2 changes EROFS
            N2 across EXDEV EXDEV
            N2 programs OK EACCES EACCES
            N2 update OK EROFS
            N4 numbers True
            N5 busy EBUSY
            N5 protected EBUSY EBUSY ENOTEMPTY
            N4 own and stable True True
            N3 gone 0

            """, Run(kernel.Jails.Root, "python3", "/guest/nullfs.py"));
    }

    [Fact]
    public void N3_a_second_name_costs_nothing_for_the_files_in_it()
    {
        using var kernel = DragonetKernel.Boot();
        const string prepare = "import os; os.makedirs('/base'); [open(f'/base/{i}','w').close() for i in range(5000)]; [os.mkdir(f'/m{i}') for i in range(1000)]";
        _ = Run(kernel.Jails.Root, "python3", "-c", prepare);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        _ = Run(kernel.Jails.Root, "python3", "-c", "import ctypes; l=ctypes.CDLL(None); [l.mount(b'/base',b'/m%d'%i,b'null',0,None) for i in range(1000)]");
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 2 << 20); // 2 KiB each
        Assert.Equal("1000\n", Run(kernel.Jails.Root, "sh", "-c", "grep -c ' /m[0-9]* ' /proc/mounts"));
    }

    private static KernelOptions Guests() => new() { Volumes = [new Volume(Repository.GuestSources, "/guest", ReadOnly: true)] };

    private static string Run(GuestJail jail, params string[] arguments)
    {
        using var process = jail.Start(new ProgramOptions { Arguments = arguments, Output = GuestStream.Pipe });
        using var output = new StreamReader(process.StandardOutput);
        var text = output.ReadToEnd();
        _ = process.Wait();
        return text;
    }
}
