using System.Runtime.InteropServices;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>A select(2): its sets, and what is ready of them. All that the guest hands over is copied at one go, and so is the answer.</summary>
internal sealed class SelectState
{
    /// <summary>The sets, in the order of the arguments.</summary>
    public const int Readers = 0, Writers = 1, Exceptions = 2;

    private const int Sets = 3;
    private const int PairSize = 16;

    private readonly UserPtr[] _pointers; // of the sets
    private readonly int[] _offsets = new int[Sets];
    private readonly int _words;
    private readonly ulong[] _wanted;
    private readonly ulong[] _ready;
    private readonly ulong _lastBits;
    private bool _isUnreadable;

    /// <param name="count">One more than the highest descriptor; a negative one is the caller's to refuse.</param>
    /// <param name="pointers">The guest's three sets.</param>
    public SelectState(int count, params ReadOnlySpan<UserPtr> pointers)
    {
        _words = (Math.Clamp(count, 0, 1 << 20) + 63) / 64;
        _lastBits = count % 64 > 0 ? (1UL << count % 64) - 1 : ulong.MaxValue;
        _pointers = pointers.ToArray();
        _wanted = new ulong[Sets * _words];
        _ready = new ulong[Sets * _words + PairSize / sizeof(ulong)];

        // Those that are there come first, as one piece; the others stay empty.
        var next = 0;
        for (var set = 0; set < Sets; set++)
        {
            if (!_pointers[set].IsNull)
            {
                _offsets[set] = next++ * _words;
            }
        }

        for (var set = 0; set < Sets; set++)
        {
            if (_pointers[set].IsNull)
            {
                _offsets[set] = next++ * _words;
            }
        }
    }

    /// <summary>Words of each set.</summary>
    public int Words => _words;

    /// <summary>The call waits with its registrations.</summary>
    public bool IsRegistered { get; set; }

    /// <summary>Copies everything; a bad address is found in the order in which Linux looks.</summary>
    /// <param name="task">The caller.</param>
    /// <param name="timeout">Two numbers, or null.</param>
    /// <param name="mask">Two numbers, or null.</param>
    /// <param name="time">Of the timeout; (0, 0) without one.</param>
    /// <param name="pair">Of the mask; (0, 0) without one.</param>
    /// <param name="maskError">EFAULT for the mask's address; sets that cannot be read are told by <see cref="Check"/>.</param>
    /// <returns>EFAULT for the timeout's address.</returns>
    public Errno Load(Task task, UserPtr timeout, UserPtr mask, out (long First, long Second) time, out (ulong First, ulong Second) pair, out Errno maskError)
    {
        Span<(ulong, int)> ranges = stackalloc (ulong, int)[2 + Sets];
        Span<long> pairs = stackalloc long[4];
        pairs.Clear();
        var count = 0;
        if (!timeout.IsNull)
        {
            ranges[count++] = (timeout.Address, PairSize);
        }

        if (!mask.IsNull)
        {
            ranges[count++] = (mask.Address, PairSize);
        }

        var head = count * PairSize;
        foreach (var pointer in _pointers)
        {
            if (!pointer.IsNull && _words > 0)
            {
                ranges[count++] = (pointer.Address, _words * sizeof(ulong));
            }
        }

        Span<byte> small = stackalloc byte[512];
        var total = head + _wanted.Length * sizeof(ulong);
        scoped var buffer = total <= small.Length ? small[..total] : new byte[total];
        buffer.Clear();
        maskError = Errno.OK;
        if (task.Memory.ReadVector(ranges[..count], buffer) == Errno.OK)
        {
            buffer[..head].CopyTo(MemoryMarshal.AsBytes(pairs)[(timeout.IsNull ? PairSize : 0)..]);
            buffer[head..].CopyTo(MemoryMarshal.AsBytes(_wanted.AsSpan()));
        }
        else
        {
            (time, pair) = (default, default);
            if (!timeout.IsNull && task.Memory.ReadArray<long>(timeout.Address, pairs[..2]) is not Errno.OK and var error)
            {
                return error;
            }

            maskError = mask.IsNull ? Errno.OK : task.Memory.ReadArray<long>(mask.Address, pairs[2..]);
            for (var set = 0; set < Sets; set++)
            {
                _isUnreadable |= !_pointers[set].IsNull && task.Memory.ReadArray<ulong>(_pointers[set].Address, _wanted.AsSpan(_offsets[set], _words)) != Errno.OK;
            }
        }

        for (var set = 0; set < Sets && _words > 0; set++)
        {
            _wanted[_offsets[set] + _words - 1] &= _lastBits;
        }

        time = (pairs[0], pairs[1]);
        pair = ((ulong)pairs[2], (ulong)pairs[3]);
        return Errno.OK;
    }

    /// <summary>EFAULT when a set could not be read.</summary>
    public Errno Check() => _isUnreadable ? Errno.EFAULT : Errno.OK;

    /// <summary>What is asked about in a word of a set.</summary>
    public ulong Wanted(int set, int word) => _wanted[_offsets[set] + word];

    /// <summary>Nothing is ready yet.</summary>
    public void ClearReady() => Array.Clear(_ready);

    /// <summary>Takes note of a ready file.</summary>
    /// <returns>1 when it was asked about, or 0.</returns>
    public int Mark(int set, int word, ulong bit, PollEvents events)
    {
        if (events == 0 || (Wanted(set, word) & bit) == 0)
        {
            return 0;
        }

        _ready[_offsets[set] + word] |= bit;
        return 1;
    }

    /// <summary>Gives the guest what is ready, and the time that is left, which is no error when it cannot be written.</summary>
    /// <param name="task">The caller.</param>
    /// <param name="timeout">Where the time goes, or null.</param>
    /// <param name="left">The time.</param>
    public Errno Store(Task task, UserPtr timeout, (long First, long Second) left)
    {
        Span<(ulong, int)> ranges = stackalloc (ulong, int)[Sets + 1];
        var count = 0;
        foreach (var pointer in _pointers)
        {
            if (!pointer.IsNull && _words > 0)
            {
                ranges[count++] = (pointer.Address, _words * sizeof(ulong));
            }
        }

        var sets = count;
        var end = sets * _words;
        if (!timeout.IsNull)
        {
            ranges[count++] = (timeout.Address, PairSize);
            _ready[end] = (ulong)left.First;
            _ready[end + 1] = (ulong)left.Second;
        }

        var bytes = MemoryMarshal.AsBytes<ulong>(_ready);
        return task.Memory.WriteVector(ranges[..count], bytes[..((end + (timeout.IsNull ? 0 : 2)) * sizeof(ulong))]) == Errno.OK
            ? Errno.OK
            : task.Memory.WriteVector(ranges[..sets], bytes[..(end * sizeof(ulong))]);
    }
}
