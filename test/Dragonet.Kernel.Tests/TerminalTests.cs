using System.Text;
using Dragonet.Abi;
using Dragonet.Devices.Tty;
using Dragonet.Vfs;
using Xunit;

namespace Dragonet.Kernel.Tests;

public sealed class TerminalTests : IDisposable
{
    private const ulong Argument = FakeSpace.Base;
    private readonly World _world = new();
    private readonly HostTerminal _host;
    private readonly OpenFile _file;
    private readonly Task _task;

    public TerminalTests()
    {
        _task = _world.NewTask();
        _host = new Terminals(_world.Kernel).CreateHostTerminal(25, 80).Value;
        _file = _host.Open().Value;
    }

    public void Dispose()
    {
        _host.Dispose();
        _world.Dispose();
    }

    private void Type(string text) => Assert.Equal(text.Length, _host.Feed(Encoding.Latin1.GetBytes(text)));

    private string? Read(int size = 100)
    {
        var buffer = new byte[size];
        var result = _file.Read(_task, buffer);
        return result.IsOk ? Encoding.Latin1.GetString(buffer, 0, result.Value) : null;
    }

    private string Screen()
    {
        var buffer = new byte[4096];
        return Encoding.Latin1.GetString(buffer, 0, _host.TakeOutput(buffer));
    }

    private void Change(Func<termios2, termios2> change)
    {
        Assert.Equal(0, _file.Ioctl(_task, Ioctls.TCGETS2, Argument).Raw);
        Assert.Equal(Errno.OK, _task.Memory.Read(Argument, out termios2 settings));
        _ = _task.Memory.Write(Argument, change(settings));
        Assert.Equal(0, _file.Ioctl(_task, Ioctls.TCSETS2, Argument).Raw);
    }

    private void MakeRaw(byte least, byte time) => Change(s =>
    {
        s.c_iflag = 0;
        s.c_lflag = 0;
        s.c_cc[Termios.VMIN] = least;
        s.c_cc[Termios.VTIME] = time;
        return s;
    });

    [Fact]
    public void Lines_are_read_one_by_one()
    {
        Type("one\rtw");
        Assert.Equal("one\n", Read());
        Assert.Null(Read());
        Type("o\n");
        Assert.Equal("tw", Read(2));
        Assert.Equal("o\n", Read());
    }

    [Fact]
    public void Editing_changes_the_line_and_the_screen()
    {
        Type("ab\u007fc");
        Assert.Equal("ab\b \bc", Screen());
        Type(" word\u0017");
        Assert.Equal(" word\b \b\b \b\b \b\b \b", Screen());
        Type("\u0015x\u0003y\u0016\u0003\n");
        Assert.Equal("y\u0003\n", Read());
    }

    [Fact]
    public void Tabs_and_control_characters_are_erased_whole()
    {
        Type("a\tb\u007f\u007f");
        Assert.Equal("a\tb\b \b" + new string('\b', 7), Screen());
        Type("\u0001\u007f");
        Assert.Equal("^A\b \b\b \b", Screen());
    }

    [Fact]
    public void The_end_of_file_character_ends_a_read()
    {
        Type("abc\u0004\u0004");
        Assert.Equal("abc", Read());
        Assert.Equal("", Read());
        Assert.Null(Read());
    }

    [Fact]
    public void Signals_go_to_the_foreground_group_and_flush()
    {
        Assert.Equal(Errno.OK, _host.Control(_task));
        Assert.Same(_task.Process.Group, _host.Terminal.Foreground);
        _ = _task.Process.SetAction(Sig.INT, new SignalAction(0x1000, 0, 0, 0));
        Type("rest\u0003");
        Assert.Equal("^C", Screen()[^2..]);
        Assert.True((_task.PendingSet & Sig.Bit(Sig.INT)) != 0);
        Assert.Null(Read());
    }

    [Fact]
    public void Output_is_processed()
    {
        Assert.Equal(4, _file.Write(_task, "a\nb\n"u8).Value);
        Assert.Equal("a\r\nb\r\n", Screen());
        Type("\u0013");
        Assert.Equal(Errno.EAGAIN, _file.Write(_task, "x"u8).Error);
        Type("\u0011");
        Assert.Equal(1, _file.Write(_task, "x"u8).Value);
    }

    [Fact]
    public void Raw_reads_wait_for_as_many_bytes_as_asked()
    {
        MakeRaw(least: 3, time: 0);
        Type("a\r");
        Assert.Null(Read());
        Assert.Equal(PollEvents.POLLOUT | PollEvents.POLLWRNORM, _file.Poll(null));
        Type("\u0003");
        Assert.Equal("a\r\u0003", Read());
        Assert.Equal("", Screen());
        MakeRaw(least: 0, time: 0);
        Assert.Equal("", Read());
    }

    [Fact]
    public void Raw_reads_end_after_a_silence()
    {
        MakeRaw(least: 10, time: 2);
        Type("ab");
        Assert.Null(Read());
        _world.Clock.Advance(200_000_000);
        Assert.Equal("ab", Read());
    }

    [Fact]
    public void Leaving_canonical_mode_keeps_what_was_typed()
    {
        Type("half");
        Assert.Null(Read());
        MakeRaw(least: 1, time: 0);
        Assert.Equal("half", Read());
    }

    [Fact]
    public void A_hang_up_ends_everything()
    {
        Assert.Equal(Errno.OK, _host.Control(_task));
        _ = _task.Process.SetAction(Sig.HUP, new SignalAction(0x1000, 0, 0, 0));
        _host.Dispose();
        Assert.Equal("", Read());
        Assert.Equal(Errno.EIO, _file.Write(_task, "x"u8).Error);
        Assert.Equal(Errno.EIO, _file.Ioctl(_task, Ioctls.TCGETS, Argument).Error);
        Assert.True((_file.Poll(null) & PollEvents.POLLHUP) != 0);
        Assert.True((_task.PendingSet & Sig.Bit(Sig.HUP)) != 0);
        Assert.Null(_task.Process.Session.Terminal);
    }
}
