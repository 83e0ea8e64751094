using Dragonet.Abi;
using Xunit;

namespace Dragonet.Kernel.Tests;

public sealed class PipeTests
{
    private static Pipe Open()
    {
        var pipe = new Pipe();
        pipe.Attach(read: true, write: true);
        return pipe;
    }

    [Fact]
    public void Small_writes_are_all_or_nothing()
    {
        var pipe = Open();
        Assert.Equal(65536 - 100, pipe.Write(new byte[65536 - 100]).Value);
        Assert.Equal(Errno.EAGAIN, pipe.Write(new byte[101]).Error);
        Assert.Equal(100, pipe.Write(new byte[5000]).Value);
        Assert.Equal(Errno.EAGAIN, pipe.Write(new byte[1]).Error);
    }

    [Fact]
    public void Bytes_come_out_in_order_over_the_wrap()
    {
        var pipe = Open();
        var (next, expected) = (0, 0);
        var buffer = new byte[777];
        for (var round = 0; round < 500; round++)
        {
            var data = new byte[311 + round % 97];
            for (var i = 0; i < data.Length; i++)
            {
                data[i] = (byte)next++;
            }

            Assert.Equal(data.Length, pipe.Write(data).Value);
            var count = pipe.Read(buffer.AsSpan(0, 300 + round % 113)).Value;
            for (var i = 0; i < count; i++)
            {
                Assert.Equal((byte)expected++, buffer[i]);
            }
        }
    }

    [Fact]
    public void The_end_of_the_other_side_shows()
    {
        var pipe = Open();
        Assert.Equal(Errno.EAGAIN, pipe.Read(new byte[1]).Error);
        pipe.Detach(read: false, write: true);
        Assert.Equal(0, pipe.Read(new byte[1]).Value);
        Assert.Equal(PollEvents.POLLHUP, pipe.GetEvents(read: true, write: false, -1));
        pipe.Detach(read: true, write: false);
        pipe.Attach(read: false, write: true);
        Assert.Equal(Errno.EPIPE, pipe.Write("x"u8).Error);
        Assert.Equal(0, pipe.Write([]).Value);
        Assert.True((pipe.GetEvents(read: false, write: true, -1) & PollEvents.POLLERR) != 0);
    }

    [Fact]
    public void Packets_keep_their_boundaries()
    {
        var pipe = Open();
        _ = pipe.Write("ab"u8);
        _ = pipe.Write("packet"u8, packet: true);
        _ = pipe.Write("rest"u8);
        var buffer = new byte[16];
        Assert.Equal(2, pipe.Read(buffer).Value);
        Assert.Equal(3, pipe.Read(buffer.AsSpan(0, 3)).Value);
        Assert.Equal(4, pipe.Read(buffer).Value);
        Assert.Equal("rest"u8, buffer.AsSpan(0, 4));
    }

    [Fact]
    public void Capacity_changes_within_limits()
    {
        var pipe = Open();
        Assert.Equal(8192, pipe.SetCapacity(5000, privileged: false).Value);
        _ = pipe.Write(new byte[8192]);
        Assert.Equal(Errno.EBUSY, pipe.SetCapacity(4096, privileged: false).Error);
        Assert.Equal(Errno.EPERM, pipe.SetCapacity(2 << 20, privileged: false).Error);
        Assert.Equal(2 << 20, pipe.SetCapacity(2 << 20, privileged: true).Value);
    }

    [Fact]
    public void A_fifo_opens_when_both_ends_have_come()
    {
        var pipe = new Pipe();
        Assert.Equal(Errno.ENXIO, FifoOpen.Begin(pipe, OpenFlags.O_WRONLY | OpenFlags.O_NONBLOCK, null).Error);
        var reader = FifoOpen.Begin(pipe, OpenFlags.O_RDONLY, null).Value;
        Assert.False(reader.IsReady);
        var writer = FifoOpen.Begin(pipe, OpenFlags.O_WRONLY, null).Value;
        Assert.True(reader.IsReady);
        Assert.True(writer.IsReady);
        writer.Dispose();
        Assert.False(pipe.HasWriters);
        Assert.True(reader.IsReady); // it has seen a writer, even if that one left
        reader.Dispose();
        Assert.False(pipe.HasReaders);
    }

    [Fact]
    public void An_open_that_will_be_withdrawn_is_not_seen_by_the_other_end()
    {
        var pipe = new Pipe();
        var passing = FifoOpen.Begin(pipe, OpenFlags.O_RDONLY, null, canWait: false).Value;
        var writer = FifoOpen.Begin(pipe, OpenFlags.O_WRONLY, null).Value;
        Assert.False(writer.IsReady);
        Assert.False(passing.IsReady);
        passing.Dispose();
        var reader = FifoOpen.Begin(pipe, OpenFlags.O_RDONLY, null, canWait: false).Value;
        Assert.True(reader.IsReady);
        Assert.True(writer.IsReady);
        writer.Dispose();
        reader.Dispose();
        Assert.False(pipe.HasReaders || pipe.HasWriters);
    }

    [Fact]
    public void A_reader_that_comes_after_the_last_writer_left_waits_for_another()
    {
        var pipe = new Pipe();
        FifoOpen.Begin(pipe, OpenFlags.O_RDWR, null).Value.Dispose();
        using var reader = FifoOpen.Begin(pipe, OpenFlags.O_RDONLY, null).Value;
        Assert.False(reader.IsReady);
        FifoOpen.Begin(pipe, OpenFlags.O_WRONLY, null).Value.Dispose();
        Assert.True(reader.IsReady);
    }

    [Fact]
    public void A_blocked_reader_continues_when_data_comes()
    {
        using var world = new World();
        var task = world.NewTask();
        var (reader, writer) = PipeFile.CreatePair(OpenFlags.O_RDONLY, 1, 0, new Dragonet.Memory.MemoryAccount(long.MaxValue));
        Assert.Null(world.Call(task, t => reader.Read(t, new byte[4]) is { IsOk: true } read ? read.Value : t.WaitFor(reader, PollEvents.POLLIN)));
        _ = writer.Write(task, "abc"u8);
        Assert.Equal(3, world.Answer(task));
    }
}
