using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Net.Sockets;
using System.Text;
using Dragonet.Control;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>The connection between a command and a kernel that stays, when one of them ends it, or is wrong.</summary>
public sealed class ControlConnectionTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(typeof(InvalidOperationException))] // NetworkStream, when it is closed between its two looks at itself
    [InlineData(typeof(ObjectDisposedException))]
    public void A_connection_that_another_thread_closes_here_ends_as_one_that_the_other_side_closes(Type kind)
    {
        var frames = new FrameChannel(new ClosedStream((Exception)Activator.CreateInstance(kind, "closed")!));
        _ = Assert.Throws<IOException>(() => frames.Write(FrameKind.Input, [1]));
        _ = Assert.Throws<IOException>(() => frames.Read());
    }

    [Fact]
    public void A_bug_in_a_request_ends_that_request_and_says_so_in_the_log()
    {
        using var kernel = new StandingKernel();
        using (var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = (int)s_limit.TotalMilliseconds })
        {
            socket.Connect(new UnixDomainSocketEndPoint(ControlPaths.Of(kernel.Name).Socket));
            using var stream = new NetworkStream(socket);
            var frames = new FrameChannel(stream);
            frames.Write(FrameKind.Request, Encoding.UTF8.GetBytes("""{"verb":"create","settings":[null]}""")); // no command sends that
            var reply = FrameChannel.Parse(frames.Read(), FrameKind.Reply, ControlJson.Default.ControlReply);
            Assert.Equal("oops: create: NullReferenceException: the kernel's log says more", reply.Error);
            Assert.Null(frames.Read());
        }

        Assert.Equal("still\n", kernel.Run("jexec", "0", "echo", "still"));
        Assert.StartsWith("dragonet: oops: request 'create': System.NullReferenceException: ", File.ReadAllText(ControlPaths.Of(kernel.Name).Log), StringComparison.Ordinal);
    }

    [Fact]
    public void A_command_says_in_one_line_that_its_kernel_died()
    {
        using var kernel = new StandingKernel();
        var paths = ControlPaths.Of(kernel.Name);
        var file = Path.GetTempFileName();
        File.WriteAllText(file, """path = /; persist; exec.prepare = "echo prepare"; exec.start = "echo start; read x </dev/zero"; exec.release = "echo release"; a { }""");
        foreach (var command in (string[][])[["jexec", "-K", kernel.Name, "0", "sh", "-c", "echo start; read x </dev/zero"], ["jail", "-K", kernel.Name, "-f", file, "-c"]])
        {
            using var client = Process.Start(new ProcessStartInfo(Command.Path, command) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true })!;
            var errors = client.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            while (client.StandardOutput.ReadLine() is { } line && line != "start")
            {
                Assert.Equal("prepare", line);
            }

            using (var process = Process.GetProcessById(int.Parse(File.ReadAllText(paths.ProcessId), CultureInfo.InvariantCulture)))
            {
                process.Kill();
            }

            Assert.True(client.WaitForExit(s_limit));
            var who = command[0] == "jail" ? "jail: a: " : "";
            Assert.Equal((125, $"dragonet: {who}kernel '{kernel.Name}' ended the connection: its log is {paths.Log}\n", ""), (client.ExitCode, errors.Result, client.StandardOutput.ReadToEnd()));
            _ = HostTool.Run(Command.Path, ["boot", kernel.Name], "/", s_limit);
        }

        File.Delete(file);
    }

    [Fact]
    public void Output_that_cannot_be_written_is_not_the_kernels_fault()
    {
        using var kernel = new StandingKernel();
        var outcome = HostTool.Run("sh", ["-c", "\"$0\" jexec -K \"$1\" 0 echo x >/dev/full", Command.Path, kernel.Name], "/", s_limit);
        Assert.Equal(new ProgramOutcome(125, "", "dragonet: what the program prints cannot be written: No space left on device\n"), outcome);
    }

    [Fact]
    public void A_kernel_that_is_halted_says_nothing()
    {
        for (var round = 0; round < 4; round++)
        {
            using var kernel = new StandingKernel();
            Assert.Equal("", HostTool.Run(Command.Path, ["halt", kernel.Name], "/", s_limit).Error);
            using var foreground = Process.Start(new ProcessStartInfo(Command.Path, ["boot", kernel.Name, "--foreground"]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
            while (HostTool.Run(Command.Path, ["halt", kernel.Name], "/", s_limit).Status != 0)
            {
                Assert.False(foreground.HasExited);
            }

            Assert.True(foreground.WaitForExit(s_limit));
            Assert.Equal((0, "", ""), (foreground.ExitCode, foreground.StandardOutput.ReadToEnd(), foreground.StandardError.ReadToEnd()));
            Assert.Equal("", File.ReadAllText(ControlPaths.Of(kernel.Name).Log));
        }
    }

    [Fact]
    public void Jails_share_a_console_log_and_one_that_cannot_be_opened_is_named()
    {
        using var kernel = new StandingKernel();
        var (file, log) = (Path.GetTempFileName(), Path.GetTempFileName());
        File.WriteAllText(file, $$"""path = /; persist; stop.timeout = 0; exec.consolelog = "{{log}}"; exec.start = "echo $name 1; echo $name 2"; {{string.Join(' ', "abcdefgh".Select(name => $"{name} {{ }}"))}}""");
        _ = kernel.Run("jail", "-q", "-f", file, "-c");
        Assert.Equal("abcdefgh".SelectMany(name => (string[])[$"{name} 1", $"{name} 2"]), File.ReadAllLines(log).Order(StringComparer.Ordinal));
        File.WriteAllText(file, """path = /; persist; exec.consolelog = "/nowhere/log"; exec.start = "echo x"; z { }""");
        var outcome = HostTool.Run(Command.Path, ["jail", "-K", kernel.Name, "-f", file, "-c", "z"], "/", s_limit);
        Assert.Equal((1, ""), (outcome.Status, outcome.Output));
        Assert.StartsWith($"dragonet: jail: z: {file}:1: /nowhere/log: ENOENT\n", outcome.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("z", kernel.Run("jls", "name").Split('\n'));
        File.Delete(file);
        File.Delete(log);
    }

    /// <summary>A stream that was closed a moment ago.</summary>
    private sealed class ClosedStream(Exception failure) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw failure;

        public override long Position
        {
            get => throw failure;
            set => throw failure;
        }

        public override void Flush() => throw failure;

        public override int Read(byte[] buffer, int offset, int count) => throw failure;

        public override long Seek(long offset, SeekOrigin origin) => throw failure;

        public override void SetLength(long value) => throw failure;

        public override void Write(byte[] buffer, int offset, int count) => throw failure;
    }
}
