using Dragonet.Platform.Linux.Guests;
using Xunit;

namespace Dragonet.Platform.Linux.Tests;

/// <summary>Memory files that are read often are mapped.</summary>
public sealed class MemFileTests
{
    [Fact]
    public void Small_reads_come_from_a_view_that_shows_what_is_written()
    {
        using var platform = new LinuxPlatform();
        var memory = Create(platform);
        var page = new byte[4096];
        var bytes = new byte[3 << 20];
        new Random(2).NextBytes(bytes);
        Assert.Equal(1 << 20, memory.WriteAt(0, bytes.AsSpan(0, 1 << 20)));
        Assert.True(ReadsUntilView(memory, 4096) is > 1 and < 100);
        for (var offset = 0; offset <= bytes.Length - 5000; offset += 37_123)
        {
            // It grows, beyond what was mapped at first.
            Assert.Equal(5000, memory.WriteAt(offset, bytes.AsSpan(offset, 5000)));
            _ = ReadsUntilView(memory, offset);
            Assert.True(memory.TryReadQuick(offset + 1, page));
            Assert.Equal(bytes[(offset + 1)..(offset + 4097)], page);
        }

        Assert.Equal(0, memory.SetLength(4096));
        Assert.Equal(0, memory.SetLength(1 << 20));
        Assert.True(memory.TryReadQuick(8192, page));
        Assert.All(page, static value => Assert.Equal(0, value));
        memory.Dispose();
        Assert.False(memory.TryReadQuick(0, page));
    }

    [Fact]
    public void There_are_so_many_views_and_no_more()
    {
        using var platform = new LinuxPlatform();
        var files = Enumerable.Range(0, 1030).Select(_ => Create(platform)).ToList();
        Assert.All(files, static file => Assert.Equal(4096, file.WriteAt(0, new byte[4096])));
        var viewed = files.Where(static file => ReadsUntilView(file, 0) > 0).ToList();
        Assert.Equal(1024, viewed.Count);
        viewed[7].Dispose();
        Assert.True(ReadsUntilView(files[^1], 0) > 0);
        files.ForEach(static file => file.Dispose());
    }

    [Fact]
    public void One_that_is_freed_while_others_read_is_unmapped_after_them()
    {
        using var platform = new LinuxPlatform();
        for (var round = 0; round < 200; round++)
        {
            var memory = Create(platform);
            Assert.Equal(1 << 16, memory.WriteAt(0, Enumerable.Repeat((byte)7, 1 << 16).ToArray()));
            _ = ReadsUntilView(memory, 0);
            using var begun = new ManualResetEventSlim();
            var reader = new Thread(() =>
            {
                var page = new byte[16384];
                begun.Set();
                while (memory.TryReadQuick(20_000, page))
                {
                    Assert.DoesNotContain(page, static value => value != 7);
                }
            });
            reader.Start();
            begun.Wait(TestContext.Current.CancellationToken);
            memory.Dispose();
            reader.Join();
        }
    }

    private static IMemoryBacking Create(LinuxPlatform platform)
    {
        Assert.True(platform.CreateMemory("view").Ok(out var memory, out var error), error.ToString());
        return memory!;
    }

    /// <summary>How many small reads it took; 0 when there is no view after many.</summary>
    private static int ReadsUntilView(IMemoryBacking memory, long offset)
    {
        var few = new byte[16];
        for (var reads = 1; reads < 100; reads++)
        {
            if (memory.TryReadQuick(offset, few))
            {
                return reads;
            }
        }

        return 0;
    }
}
