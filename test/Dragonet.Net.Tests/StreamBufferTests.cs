using System.Buffers;
using Xunit;

namespace Dragonet.Net.Tests;

/// <summary>A stream's buffer next to a plain list of bytes.</summary>
public class StreamBufferTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Whatever_is_put_in_comes_out_in_order(int seed)
    {
        var random = new Random(seed);
        var budget = new BufferBudget(long.MaxValue);
        StreamBuffer[] buffers = [new(budget), new(budget)];
        var (written, moved, read) = (0L, 0L, 0L); // what was put into the first, moved on to the second, and taken out of that
        for (var step = 0; step < 5000; step++)
        {
            var size = random.Next(4) == 0 ? random.Next(1, 200) : random.Next(1, 70_000);
            switch (random.Next(7))
            {
                case 0 or 1 when written - moved < 500_000:
                    var block = ArrayPool<byte>.Shared.Rent(size);
                    Fill(block.AsSpan(0, size), written);
                    if (!buffers[0].Give(new ArraySegment<byte>(block, 0, size)))
                    {
                        Assert.True(buffers[0].Append(block.AsSpan(0, size)));
                        block.AsSpan().Clear();
                        ArrayPool<byte>.Shared.Return(block);
                    }

                    written += size;
                    break;
                case 2 when written - moved < 500_000:
                    var bytes = new byte[size];
                    Fill(bytes, written);
                    var hole = random.Next(size);
                    Assert.True(buffers[0].Put(written + hole, bytes.AsSpan(hole)));
                    Assert.Equal(hole == 0 ? written + size : written, buffers[0].Tail);
                    Assert.True(hole == 0 || buffers[0].Append(bytes.AsSpan(0, hole)));
                    written += size;
                    break;
                case 3:
                    while (buffers[0].MoveBlock(buffers[1], 100_000) is > 0 and var count)
                    {
                        moved += count;
                    }

                    var first = buffers[0].First[..Math.Min(buffers[0].First.Length, size)];
                    Assert.True(buffers[1].Append(first));
                    moved += first.Length;
                    buffers[0].Advance(moved);
                    break;
                case 4:
                    var skip = random.Next(buffers[1].Count + 1);
                    var peeked = new byte[size];
                    Check(peeked.AsSpan(0, buffers[1].Peek(read + skip, peeked)), read + skip);
                    break;
                case 5:
                    var whole = new ArraySegment<byte>[3];
                    var taken = buffers[1].Take(size, whole);
                    Assert.Equal(taken, whole.Sum(part => part.Count));
                    Assert.True(taken == 0 || taken == Math.Min(size, (int)(moved - read)));
                    foreach (var part in whole.Where(part => part.Array is not null))
                    {
                        Check(part, read);
                        read += part.Count;
                        ArrayPool<byte>.Shared.Return(part.Array!);
                    }

                    break;
                default:
                    read += Math.Min(size, buffers[1].Count);
                    buffers[1].Advance(read);
                    break;
            }

            Assert.Equal((written, moved, moved, read), (buffers[0].Tail, buffers[0].Head, buffers[1].Tail, buffers[1].Head));
            Assert.Equal(budget.Used, buffers[0].Held + buffers[1].Held);
            Check(buffers[1].First, read);
        }

        Assert.True(read > 10_000_000);
        buffers[0].Clear();
        buffers[1].Clear();
        Assert.Equal(0, budget.Used);
    }

    private static byte At(long position) => (byte)((position * 7) + (position / 1000));

    private static void Fill(Span<byte> bytes, long position)
    {
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] = At(position + i);
        }
    }

    private static void Check(ReadOnlySpan<byte> bytes, long position)
    {
        for (var i = 0; i < bytes.Length; i++)
        {
            Assert.Equal(At(position + i), bytes[i]);
        }
    }
}
