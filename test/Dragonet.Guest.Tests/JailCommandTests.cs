using System.IO;
using System.Net.Sockets;
using System.Text.Json;
using Dragonet.Control;
using Dragonet.Templates;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>The commands of jail(8) and jexec(8): what each says and its status, on jails that are there and on others.</summary>
public sealed class JailCommandTests
{
    [Fact]
    public void J4_a_program_goes_into_a_jail_with_its_status_its_user_and_a_clean_environment()
    {
        using var kernel = new StandingKernel();
        _ = kernel.Run("jail", "-c", "name=a", "path=/", "overlay", "persist");
        Assert.Equal((7, ""), Status(kernel, "jexec", "a", "sh", "-c", "exit 7"));
        Assert.Equal((137, ""), Status(kernel, "jexec", "a", "sh", "-c", "kill -9 $$"));
        Assert.Equal((143, ""), Status(kernel, "jexec", "a", "sh", "-c", "kill -15 $$"));
        Assert.Equal("65534 /tmp\n", kernel.Run("jexec", "-d", "/tmp", "-U", "nobody", "a", "sh", "-c", "echo $(id -u) $PWD"));
        _ = kernel.Run("jexec", "a", "sh", "-c", "echo only-here:x:4711:4711::/:/bin/sh >>/etc/passwd");
        Assert.Equal("4711\n", kernel.Run("jexec", "-U", "only-here", "a", "id", "-u"));
        Assert.Contains("'only-here' is not", kernel.Fail("jexec", "-U", "only-here", "0", "id"), StringComparison.Ordinal);
        Assert.Equal("", kernel.Run("jexec", "-l", "a", "sh", "-c", "env | cut -d= -f1 | grep -vxE 'HOME|SHELL|TERM|USER|PATH|PWD|LOGNAME|LANG'; true"));
        Assert.Contains("not found", kernel.Fail("jexec", "nope", "true"), StringComparison.Ordinal);
        Assert.Equal(127, Status(kernel, "jexec", "a", "no-such-program").Status);
    }

    [Fact]
    public void J41_every_verb_on_a_jail_that_is_there_and_on_one_that_is_not()
    {
        using var kernel = new StandingKernel();
        Assert.Equal("dragonet: jail: jail \"a\" not found\n", kernel.Fail("jail", "-r", "a"));
        Assert.Equal("dragonet: jail \"a\" not found\n", kernel.Fail("jail", "-m", "name=a", "persist"));
        Assert.Equal("dragonet: new jail must persist or attach\n", kernel.Fail("jail", "-c", "name=a"));
        Assert.Equal("a: created\n", kernel.Run("jail", "-c", "name=a", "path=/", "persist"));
        Assert.Equal("dragonet: jail \"a\" already exists\n", kernel.Fail("jail", "-c", "name=a", "path=/", "persist"));
        Assert.Equal("a: modified\n", kernel.Run("jail", "-m", "name=a", "meta.x=1"));
        Assert.Equal("a: modified\n", kernel.Run("jail", "-cm", "name=a", "meta.x=2", "persist"));
        Assert.Equal("2\n", kernel.Run("jls", "-j", "a", "meta.x"));
        Assert.Equal("a: created\n", kernel.Run("jail", "-rc", "name=a", "path=/", "persist"));
        Assert.Equal("-\n", kernel.Run("jls", "-j", "a", "meta.x"));
        Assert.Equal("a: removed\n", kernel.Run("jail", "-r", "a"));
        Assert.Equal("b: created\n", kernel.Run("jail", "-cm", "name=b", "path=/", "persist"));
        Assert.Equal("", kernel.Run("jail", "-q", "-R", "b"));
        Assert.Equal("42\n", kernel.Run("jail", "-i", "-c", "name=c", "jid=42", "path=/", "persist"));
        Assert.Equal("dragonet: children.max: a number from 0 to 999999\n", kernel.Fail("jail", "-m", "name=c", "children.max=x"));
        Assert.Contains("unknown option '-z'", kernel.Fail("jail", "-z"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_thousand_jails_are_listed()
    {
        using var kernel = new StandingKernel();
        var file = Path.GetTempFileName();
        File.WriteAllText(file, "persist; path = /; " + string.Concat(Enumerable.Range(0, 1000).Select(number => $"jail{number} {{ meta.note = {new string('x', 1000)}; }} ")));
        _ = kernel.Run("jail", "-q", "-f", file, "-c");
        Assert.Equal(1000, kernel.Run("jls", "-N", "name").Split('\n', StringSplitOptions.RemoveEmptyEntries).Distinct().Count());
        Assert.Equal(1000, kernel.Run("jls", "-n").Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        File.Delete(file);
    }

    [Fact]
    public void J41_a_file_of_numbers_a_bound_and_a_list()
    {
        using var kernel = new StandingKernel();
        var (file, ids) = (Path.GetTempFileName(), Path.GetTempFileName());
        File.WriteAllText(file, "persist; path = /; a { } b { depend = a; } c { }");
        Assert.Equal("a, b, c\n", kernel.Run("jail", "-f", file, "-e", ", "));
        _ = kernel.Run("jail", "-f", file, "-J", ids, "-p", "1", "-c");
        Assert.Equal(["name=a", "name=b", "name=c"], File.ReadLines(ids).Select(line => line.Split(' ')[1]).Order());
        Assert.Contains("-p 0", kernel.Fail("jail", "-f", file, "-p", "0", "-c"), StringComparison.Ordinal);
        File.Delete(file);
        File.Delete(ids);
    }

    [Fact]
    public void A_running_jail_is_cloned_by_name()
    {
        using var kernel = new StandingKernel();
        _ = kernel.Run("jail", "-c", "name=a", "path=/", "overlay", "persist");
        _ = kernel.Run("jexec", "a", "sh", "-c", "echo one >/srv/f");
        Assert.Equal("b: created\n", kernel.Run("jail", "clone", "a", "b", "host.hostname=bee", "limit.disk=1m"));
        Assert.Equal("bee one\n", kernel.Run("jexec", "b", "sh", "-c", "echo $(uname -n) $(cat /srv/f)"));
        Assert.Equal("dragonet: jail \"nope\" not found\n", kernel.Fail("jail", "clone", "nope", "c"));
        Assert.Equal("dragonet: jail \"b\" already exists\n", kernel.Fail("jail", "clone", "a", "b"));
        Assert.Contains("how is the new one called", kernel.Fail("jail", "clone", "a"), StringComparison.Ordinal);
        Assert.Contains("build what?", HostTool.Run(Command.Path, ["template", "build", "debian", "x"], "/", TimeSpan.FromMinutes(1)).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_template_is_made_of_the_system_that_a_running_jail_sees()
    {
        using var system = new MountedSystem();
        using var kernel = new StandingKernel(system.Options);
        var store = TemplateStore.OfUser;
        var name = kernel.Name + "-snapshot";
        _ = kernel.Run("jail", "-c", "name=a", "path=" + MountedSystem.Path, "overlay", "persist");
        _ = kernel.Run("jexec", "-b", "a", "sh", "-c", "echo mine >/srv/own; mkdir /srv/full; ln -s own /srv/link; echo new >/etc/changed; rm /etc/gone; echo x >/data/own; echo up; exec sleep 1000");
        kernel.RunUntil("up", "logs", "a");
        try
        {
            var made = kernel.Try(["template", "snapshot", "a", name]);
            Assert.Equal((0, "dragonet: template: left out, as no part of the system: /data\n"), (made.Status, made.Error));
            Assert.Contains(" files\n", made.Output, StringComparison.Ordinal);
            var tree = Path.Combine(store.Trees, name);
            Assert.Equal("mine\n", File.ReadAllText(Path.Combine(tree, "srv/own")));
            Assert.Equal("own", new FileInfo(Path.Combine(tree, "srv/link")).LinkTarget);
            Assert.True(Directory.Exists(Path.Combine(tree, "srv/full")));

            // What is mounted at /etc, as the jail changed it; of the others the places.
            Assert.Equal(["changed", "kept"], Directory.GetFiles(Path.Combine(tree, "etc")).Select(Path.GetFileName).Order());
            Assert.Equal("new\n", File.ReadAllText(Path.Combine(tree, "etc/changed")));
            Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(tree, "data")));
            Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(tree, "proc")));

            // It is of that moment: the jail goes on. And another one begins there.
            _ = kernel.Run("jexec", "a", "sh", "-c", "echo later >/srv/own");
            _ = kernel.Run("jail", "-c", "name=b", "path=/templates/" + name, "overlay", "persist");
            Assert.Equal("mine\nkept\ncat\n", kernel.Run("jexec", "b", "sh", "-c", "cat /srv/own /etc/kept /proc/self/comm"));
        }
        finally
        {
            if (store.List().Any(template => template.Name == name))
            {
                store.Remove(name);
            }
        }
    }

    [Fact]
    public void All_that_a_jail_sees_is_copied_but_the_kernels_own_files()
    {
        using var system = new MountedSystem();
        using var kernel = new StandingKernel(system.Options);
        _ = kernel.Run("jail", "-c", "name=a", "path=" + MountedSystem.Path, "overlay", "persist");
        _ = kernel.Run("jexec", "a", "sh", "-c", "echo new >/etc/changed; rm /etc/gone; echo x >/data/own");
        var copy = Path.Combine(system.Place, "copy");
        _ = kernel.Run("cp", "a:/", copy);
        Assert.Equal(["changed", "kept"], Directory.GetFiles(Path.Combine(copy, "etc")).Select(Path.GetFileName).Order());
        Assert.Equal("new\n", File.ReadAllText(Path.Combine(copy, "etc/changed")));
        Assert.Equal(["given", "own"], Directory.GetFiles(Path.Combine(copy, "data")).Select(Path.GetFileName).Order());
        Assert.All((string[])["proc", "dev", "sys"], kernelsOwn => Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(copy, kernelsOwn))));

        // Nobody could make such a path again.
        _ = kernel.Run("jexec", "a", "sh", "-c", $"cd /data; i=0; while [ $i -lt 25 ]; do mkdir {new string('d', 200)}; cd {new string('d', 200)}; i=$((i+1)); done");
        Assert.Contains("the name is longer than 4095 bytes", kernel.Fail("cp", "a:/data", Path.Combine(system.Place, "deep")), StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(system.Place, "deep")));
    }

    [Fact]
    public void A_client_that_dies_while_it_makes_a_jail_leaves_nothing()
    {
        using var kernel = new StandingKernel();
        var whole = JsonSerializer.SerializeToUtf8Bytes(
            new ControlRequest
            {
                Verb = ControlVerb.Create,
                Settings = [new ControlSetting { Name = "name", Value = "half" }, new ControlSetting { Name = "path", Value = "/" }],
                Exec = new ExecRequest { Arguments = ["sleep", "1000"] },
            }, ControlJson.Default.ControlRequest);
        byte[] frame = [(byte)FrameKind.Request, .. BitConverter.GetBytes(whole.Length), .. whole];
        for (var length = 0; length <= frame.Length; length += 7)
        {
            // All of it once, too: then the program runs already, and ends with its client.
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.Connect(new UnixDomainSocketEndPoint(ControlPaths.Of(kernel.Name).Socket));
            _ = socket.Send(frame.AsSpan(0, Math.Min(length + 6, frame.Length)));
        }

        kernel.RunUntil("jails 0 ", "census");
        kernel.RunUntil("processes 0 ", "census");
        Assert.Equal("half: created\n", kernel.Run("jail", "-c", "name=half", "path=/", "persist"));
    }

    private static (int Status, string Error) Status(StandingKernel kernel, params string[] arguments)
    {
        var outcome = kernel.Try(arguments);
        return (outcome.Status, outcome.Error);
    }
}
