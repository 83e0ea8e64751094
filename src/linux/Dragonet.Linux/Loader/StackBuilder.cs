using System.Buffers.Binary;
using Dragonet.Base;

namespace Dragonet.Linux.Loader;

/// <summary>Builds the first stack of a program from the top down: strings, then the auxiliary vector, envp, argv and argc
/// (System V ABI, x86-64, "Process initialization").</summary>
internal sealed class StackBuilder
{
    private readonly ulong _top;
    private byte[] _bytes = new byte[8192];
    private int _used;

    internal StackBuilder(ulong top)
    {
        _top = top;
        _ = AddBytes(new byte[8]); // the last word of a stack is zero
    }

    /// <summary>What was built; it ends at the top.</summary>
    internal ReadOnlySpan<byte> Bytes => _bytes.AsSpan(_bytes.Length - _used);

    internal ulong AddString(string text)
    {
        _ = Push(1);
        return AddBytes(ByteString.ToBytes(text));
    }

    internal ulong AddBytes(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Push(bytes.Length));
        return _top - (ulong)_used;
    }

    /// <summary>Adds strings one after the other, the first lowest.</summary>
    internal ulong AddStrings(List<string> strings, out ulong end, out ulong[] pointers)
    {
        end = _top - (ulong)_used;
        pointers = new ulong[strings.Count];
        for (var i = strings.Count - 1; i >= 0; i--)
        {
            pointers[i] = AddString(strings[i]);
        }

        return _top - (ulong)_used;
    }

    /// <summary>Adds the vectors, aligned so that the stack pointer is a multiple of 16.</summary>
    /// <returns>The stack pointer.</returns>
    internal ulong Finish(ulong[] arguments, ulong[] environment, List<ulong> auxiliary)
    {
        var words = 1 + arguments.Length + 1 + environment.Length + 1 + auxiliary.Count;
        var pointer = (_top - (ulong)_used - ((ulong)words * 8)) & ~15UL;
        var span = Push((int)(_top - (ulong)_used - pointer));
        var at = 0;
        Put(span, ref at, (ulong)arguments.Length);
        foreach (var argument in arguments)
        {
            Put(span, ref at, argument);
        }

        Put(span, ref at, 0);
        foreach (var variable in environment)
        {
            Put(span, ref at, variable);
        }

        Put(span, ref at, 0);
        foreach (var word in auxiliary)
        {
            Put(span, ref at, word);
        }

        return pointer;
    }

    private static void Put(Span<byte> span, ref int at, ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(span[at..], value);
        at += 8;
    }

    /// <summary>Room below what is there; reads as zeros.</summary>
    private Span<byte> Push(int count)
    {
        if (_used + count > _bytes.Length)
        {
            var larger = new byte[Math.Max(_bytes.Length * 2, (_used + count) * 2)];
            _bytes.AsSpan(_bytes.Length - _used).CopyTo(larger.AsSpan(larger.Length - _used));
            _bytes = larger;
        }

        _used += count;
        return _bytes.AsSpan(_bytes.Length - _used, count);
    }
}
