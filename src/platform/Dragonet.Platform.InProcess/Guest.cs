using System.Buffers.Binary;
using System.Text;
using Dragonet.Abi;

namespace Dragonet.Platform.InProcess;

/// <summary>
/// The processor as a delegate uses it: memory, system calls. What a delegate keeps in C# variables is as private as registers, but only what
/// lies in guest memory is copied by a fork.
/// </summary>
public sealed class Guest
{
    private readonly InProcessThread _thread;
    private readonly ulong _start;

    internal Guest(InProcessThread thread)
    {
        _thread = thread;
        _start = thread.Registers.Rsp;
    }

    /// <summary>Grows downward; what is below it belongs to signal handlers.</summary>
    public ulong StackPointer
    {
        get => _thread.Registers.Rsp;
        set => _thread.Registers.Rsp = value;
    }

    /// <summary>argv, in a program that exec started.</summary>
    public IReadOnlyList<string> Arguments
    {
        get
        {
            var count = Load(_start);
            return [.. Enumerable.Range(1, (int)count).Select(index => LoadString(Load(_start + ((ulong)index * 8))))];
        }
    }

    /// <summary>Makes a system call.</summary>
    /// <returns>As in rax: a negative errno for a failure.</returns>
    public long Call(Nr number, params ReadOnlySpan<ulong> arguments) => _thread.Call(number, arguments);

    /// <summary>Makes a clone, fork or vfork. The child runs the delegate where it would return from the call.</summary>
    public long Clone(Nr number, Action<Guest> child, params ReadOnlySpan<ulong> arguments)
    {
        _thread.ChildProgram = child;
        return _thread.Call(number, arguments);
    }

    /// <summary>A handler as an address in guest memory, for rt_sigaction(2).</summary>
    public ulong MakeHandler(Action<Guest, int> handler)
    {
        const ulong readWriteExecute = 7, privateAnonymous = 0x22;
        var address = (ulong)Call(Nr.mmap, 0, InProcessMemory.PageSize, readWriteExecute, privateAnonymous, ulong.MaxValue, 0);
        Store(address, ProgramImage.Code(_thread.Platform.Register(handler)));
        return address;
    }

    /// <summary>Puts bytes on the stack.</summary>
    /// <returns>Their address.</returns>
    public ulong Push(ReadOnlySpan<byte> bytes)
    {
        StackPointer = (StackPointer - (ulong)bytes.Length) & ~15UL;
        Store(StackPointer, bytes);
        return StackPointer;
    }

    /// <summary>Puts a string on the stack, as C sees it.</summary>
    public ulong Push(string text) => Push(Encoding.UTF8.GetBytes(text + "\0"));

    /// <summary>Reads memory; what is not there is a fault.</summary>
    public void Load(ulong address, Span<byte> destination)
    {
        for (int done; (done = _thread.Space.ReadSome(address, destination)) != destination.Length;)
        {
            _thread.Fault(address + (ulong)done);
        }
    }

    /// <summary>Reads eight bytes.</summary>
    public ulong Load(ulong address)
    {
        Span<byte> bytes = stackalloc byte[8];
        Load(address, bytes);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    /// <summary>Reads four bytes.</summary>
    public int Load32(ulong address)
    {
        Span<byte> bytes = stackalloc byte[4];
        Load(address, bytes);
        return BinaryPrimitives.ReadInt32LittleEndian(bytes);
    }

    /// <summary>Reads to the zero.</summary>
    public string LoadString(ulong address)
    {
        var bytes = new List<byte>();
        Span<byte> one = stackalloc byte[1];
        for (; ; address++)
        {
            Load(address, one);
            if (one[0] == 0)
            {
                return Encoding.UTF8.GetString([.. bytes]);
            }

            bytes.Add(one[0]);
        }
    }

    /// <summary>Writes memory; what is not there, or not writable, is a fault.</summary>
    public void Store(ulong address, ReadOnlySpan<byte> source)
    {
        while (_thread.Space.Write(address, source) != Errno.OK)
        {
            _thread.Fault(address);
        }
    }

    /// <summary>Writes four bytes.</summary>
    public void Store32(ulong address, int value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        Store(address, bytes);
    }
}
