using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Net;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Inet;

/// <summary>struct sock_fprog of SO_ATTACH_FILTER (socket(7)).</summary>
internal static class FilterArgument
{
    private const int Size = 16;
    private const int InstructionSize = 8;

    /// <summary>Copies and checks a program: EFAULT, EINVAL.</summary>
    public static Result<PacketFilter> Read(Task task, ReadOnlySpan<byte> value)
    {
        if (value.Length != Size)
        {
            return Errno.EINVAL;
        }

        var count = BinaryPrimitives.ReadUInt16LittleEndian(value);
        if (count is 0 or > PacketFilter.MaxLength)
        {
            return Errno.EINVAL;
        }

        var bytes = new byte[count * InstructionSize];
        var error = task.Memory.Read(BinaryPrimitives.ReadUInt64LittleEndian(value[8..]), bytes);
        return error == Errno.OK ? PacketFilter.Create(MemoryMarshal.Cast<byte, BpfInstruction>(bytes)) : error;
    }
}
