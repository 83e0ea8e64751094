using System.IO;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>Jails that begin with the files of another, which goes on; and how much of a disk they have.</summary>
public sealed class CloneTests
{
    private const int Page = 4096;

    [Fact]
    public void A_clone_has_what_the_other_has_now_and_neither_sees_what_comes_later()
    {
        using var kernel = DragonetKernel.Boot();
        GuestJail clone;
        using (var origin = kernel.Jails.Create(new JailOptions { Name = "a", Overlay = true }))
        {
            Assert.Equal("", Run(origin, """
                mkdir -p /srv/deep/er; echo one >/srv/f; ln /srv/f /srv/deep/g; ln -s ../f /srv/deep/l; rm /etc/hostname; mv /etc/default /etc/moved
                head -c 300000 /dev/zero | tr '\0' x >/srv/large; cp /bin/cat /srv/cat; chown 7:8 /srv/cat; chmod 751 /srv/cat; mkfifo /srv/p
                """));
            using var user = origin.Start(new ProgramOptions { Arguments = ["/srv/cat"], Input = GuestStream.Pipe, Output = GuestStream.Pipe }); // has pages of /srv/cat mapped
            const string look = "cd /srv; find . /etc | sort | xargs -d '\\n' stat -c '%n %h %u %g %a %s %Y' | grep -v '^/etc/resolv'; md5sum large deep/g cat; cat deep/l";
            var before = Run(origin, look);
            clone = kernel.Jails.Clone(origin, "b", [new("meta.of", "a")]);
            Assert.Equal(before, Run(clone, look));
            Assert.Equal(("true", "a"), (clone.Get("overlay"), clone.Get("meta.of")));

            Assert.Equal("", Run(origin, "echo two >/srv/f; echo more >>/srv/large; rm /srv/cat; echo >/srv/cat; rm -r /srv/deep; echo new >/srv/new"));
            Assert.Equal(before, Run(clone, look));
            Assert.Equal("three\n", Run(clone, "echo three >/srv/f; cat /srv/deep/g"));
            Assert.Equal("", Run(clone, "truncate -s 5 /srv/large; echo >/srv/mine"));
            Assert.Equal("two\n300005 new\n", Run(origin, "cat /srv/f; echo $(stat -c %s /srv/large) $(cat /srv/new /srv/mine 2>/dev/null)"));
        }

        // The first one is gone: what they shared is the other's.
        using (clone)
        {
            Assert.Equal("three\nxxxxx\ncat works\n", Run(clone, "cat /srv/f /srv/large; echo; echo cat works | /srv/cat"));
            using var again = kernel.Jails.Clone(clone, "c", []);
            Assert.Equal("three\n", Run(again, "cat /srv/f"));
        }

        Assert.Equal("0", kernel.TakeCensus()["jails"]);
    }

    [Fact]
    public void A_file_that_programs_share_by_mapping_stays_shared_with_them_alone()
    {
        const string program = """
            import mmap,os,sys
            f=os.open('/srv/m',os.O_RDWR|os.O_CREAT); os.ftruncate(f,200000); m=mmap.mmap(f,200000)
            m[0:3]=b'one'; print('up',flush=True); sys.stdin.readline()
            m[0:3]=b'two'; os.pwrite(f,b'wri',100000); print(os.pread(f,3,0)+m[100000:100003],flush=True)
            """;
        using var kernel = DragonetKernel.Boot();
        using var origin = kernel.Jails.Create(new JailOptions { Name = "a", Overlay = true });
        using var mapper = origin.Start(new ProgramOptions { Arguments = ["python3", "-c", program], Input = GuestStream.Pipe, Output = GuestStream.Pipe });
        using var output = new StreamReader(mapper.StandardOutput);
        Assert.Equal("up", output.ReadLine());
        using var clone = kernel.Jails.Clone(origin, "b", []);
        mapper.StandardInput.Write("\n"u8);
        mapper.StandardInput.Dispose();
        Assert.Equal("b'twowri'", output.ReadLine());
        Assert.Equal("one", Run(clone, "head -c 3 /srv/m"));
        Assert.Equal("two", Run(origin, "head -c 3 /srv/m"));
    }

    [Fact]
    public void A_disk_is_full_at_its_last_page_and_what_is_deleted_is_free_again()
    {
        using var kernel = DragonetKernel.Boot();
        var hits = new List<LimitEvent>();
        kernel.Resources.LimitHit += hits.Add;
        using var jail = kernel.Jails.Create(new JailOptions { Name = "a", Overlay = true, Parameters = new Dictionary<string, string?> { ["limit.disk"] = $"{100 * Page}" } });
        Assert.Equal("No space left on device 100\n", Run(jail, "echo $(dd if=/dev/zero of=/srv/f bs=4096 count=101 2>&1 | grep -o 'No space.*') $(($(stat -c %s /srv/f) / 4096))"));
        Assert.Equal(100 * Page, Disk(jail).Held);
        Assert.NotEqual(0, Disk(jail).Failures);
        Assert.Contains(hits, hit => hit.Resource == "disk" && hit.Jail == "a");
        Assert.Equal("400K 0\n", Run(jail, "echo $(df -h --output=size,avail / | tail -n 1)"));
        Assert.Equal("again\n", Run(jail, "rm /srv/f; echo again >/srv/g; cat /srv/g"));
        Assert.Equal(Page, Disk(jail).Held);
        using var clone = kernel.Jails.Clone(jail, "b", []);
        Assert.Equal(Page, Disk(clone).Held); // as if it were a copy at once
        jail.Set(new KeyValuePair<string, string?>("limit.disk", $"{101 * Page}"));
        Assert.Equal("404K\n", Run(jail, "echo $(df -h --output=size / | tail -n 1)"));
        Assert.Contains("ENOSPC", Assert.Throws<JailException>(() => kernel.Jails.Clone(jail, "c", [new("limit.disk", "1")])).Message, StringComparison.Ordinal);
        Assert.Equal("", Run(jail, "rm /srv/g"));
        Assert.Equal(0, Disk(jail).Held);
    }

    [Fact]
    public void A_sparse_root_shares_the_programs_for_good()
    {
        using var kernel = DragonetKernel.Boot();
        using var sparse = kernel.Jails.Create(new JailOptions { Name = "a", Overlay = true, Parameters = new Dictionary<string, string?> { ["sparse"] = null } });
        using var whole = kernel.Jails.Create(new JailOptions { Name = "b", Overlay = true });
        const string script = "for d in /usr /usr/lib /etc /srv; do touch $d/x 2>/dev/null && echo $d; done";
        Assert.Equal("/etc\n/srv\n", Run(sparse, script));
        Assert.Equal("/usr\n/usr/lib\n/etc\n/srv\n", Run(whole, script));
        using var clone = kernel.Jails.Clone(sparse, "c", []);
        Assert.Equal("/etc\n/srv\n", Run(clone, script));
        Assert.Equal("", Run(clone, "mount -o remount,rw /usr 2>/dev/null && echo writable"));
        Assert.Contains("has no layer", Assert.Throws<JailException>(() => kernel.Jails.Clone(kernel.Jails.Create(new JailOptions { Name = "plain" }), "d", [])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_sample_does_what_it_says()
    {
        var outcome = HostTool.Run(Command.Built("RunJails", "RunJails"), [], "/", TimeSpan.FromMinutes(1));
        Assert.Equal(
            """
            web says: each its own
            twin has 2 lines
            web has 1 line
            No space left on device
            disk: 10 of 10 MiB, refused: True
            out again: 13 bytes
            web created, twin created, twin removed, twin gone, web removed, web gone

            """, outcome.Output + outcome.Error);
    }

    private static ResourceAmount Disk(GuestJail jail) => jail.Usage.Single(amount => amount.Resource == "disk");

    private static string Run(GuestJail jail, string script)
    {
        using var process = jail.Start(new ProgramOptions { Arguments = ["/bin/sh", "-c", script], Output = GuestStream.Pipe, Error = GuestStream.Pipe });
        using var output = new StreamReader(process.StandardOutput);
        var text = output.ReadToEnd();
        _ = process.Wait();
        return text;
    }
}
