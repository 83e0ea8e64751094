using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Net;

namespace Dragonet.Linux.NetlinkSockets;

/// <summary>The programs by which ss(8) chooses sockets (linux/inet_diag.h, struct inet_diag_bc_op): code, where to go on when the condition
/// holds, where when it does not. Both go forward, so that every program ends.</summary>
internal static class DiagFilter
{
    private const int OperationSize = 4;
    private const int ConditionSize = 8; // struct inet_diag_hostcond without its address

    /// <summary>True for a program that can be run (inet_diag_bc_audit of Linux).</summary>
    public static bool IsSound(ReadOnlySpan<byte> program)
    {
        for (var rest = program; !rest.IsEmpty;)
        {
            if (rest.Length < OperationSize)
            {
                return false;
            }

            var (least, yes, no) = (SizeOf(rest), (int)rest[1], (int)BinaryPrimitives.ReadUInt16LittleEndian(rest[2..]));
            if (least == 0 || least > rest.Length || yes < least || yes > rest.Length + OperationSize || yes % OperationSize != 0
                || (rest[0] != SockDiag.INET_DIAG_BC_NOP && (no < OperationSize || no > rest.Length + OperationSize || no % OperationSize != 0)))
            {
                return false;
            }

            rest = rest[Math.Min(yes, rest.Length)..];
        }

        return true;
    }

    /// <summary>True when a socket is wanted: the program comes to its end exactly. Behind it is refusal.</summary>
    public static bool Run(ReadOnlySpan<byte> program, in DiagSocket socket)
    {
        var at = 0;
        while (at < program.Length)
        {
            var rest = program[at..];
            if (rest.Length < OperationSize || SizeOf(rest) is var size && (size == 0 || size > rest.Length))
            {
                return false; // a jump into the middle of an operation
            }

            var step = Holds(rest, socket) ? rest[1] : BinaryPrimitives.ReadUInt16LittleEndian(rest[2..]);
            if (step < OperationSize)
            {
                return false;
            }

            at += step;
        }

        return at == program.Length;
    }

    private static int SizeOf(ReadOnlySpan<byte> operation) => operation[0] switch
    {
        SockDiag.INET_DIAG_BC_NOP or SockDiag.INET_DIAG_BC_JMP or SockDiag.INET_DIAG_BC_AUTO => OperationSize,
        SockDiag.INET_DIAG_BC_S_GE or SockDiag.INET_DIAG_BC_S_LE or SockDiag.INET_DIAG_BC_D_GE or SockDiag.INET_DIAG_BC_D_LE
            or SockDiag.INET_DIAG_BC_S_EQ or SockDiag.INET_DIAG_BC_D_EQ or SockDiag.INET_DIAG_BC_DEV_COND => 2 * OperationSize,
        SockDiag.INET_DIAG_BC_MARK_COND => 3 * OperationSize,
        SockDiag.INET_DIAG_BC_S_COND or SockDiag.INET_DIAG_BC_D_COND when operation.Length >= OperationSize + ConditionSize
            => OperationSize + ConditionSize + AddressSize(operation[OperationSize]),
        _ => 0,
    };

    private static int AddressSize(byte family) => family == (byte)AddressFamily.AF_INET ? 4 : family == (byte)AddressFamily.AF_INET6 ? 16 : 0;

    private static bool Holds(ReadOnlySpan<byte> operation, in DiagSocket socket)
    {
        var rest = operation[OperationSize..];
        return operation[0] switch
        {
            SockDiag.INET_DIAG_BC_JMP => false,
            SockDiag.INET_DIAG_BC_S_EQ => socket.Local.Port == Port(rest),
            SockDiag.INET_DIAG_BC_S_GE => socket.Local.Port >= Port(rest),
            SockDiag.INET_DIAG_BC_S_LE => socket.Local.Port <= Port(rest),
            SockDiag.INET_DIAG_BC_D_EQ => socket.Remote.Port == Port(rest),
            SockDiag.INET_DIAG_BC_D_GE => socket.Remote.Port >= Port(rest),
            SockDiag.INET_DIAG_BC_D_LE => socket.Remote.Port <= Port(rest),
            SockDiag.INET_DIAG_BC_S_COND => Is(rest, socket.Local),
            SockDiag.INET_DIAG_BC_D_COND => Is(rest, socket.Remote),
            SockDiag.INET_DIAG_BC_DEV_COND => BinaryPrimitives.ReadInt32LittleEndian(rest) == socket.Local.Scope,
            SockDiag.INET_DIAG_BC_MARK_COND => BinaryPrimitives.ReadUInt32LittleEndian(rest) == 0, // sockets carry no marks here
            _ => true, // AUTO: nobody asks; NOP
        };
    }

    /// <summary>The port is in the second half of the operation that follows.</summary>
    private static int Port(ReadOnlySpan<byte> rest) => BinaryPrimitives.ReadUInt16LittleEndian(rest[2..]);

    /// <summary>struct inet_diag_hostcond: family, bits, port or -1, address.</summary>
    private static bool Is(ReadOnlySpan<byte> condition, Endpoint endpoint)
    {
        var port = BinaryPrimitives.ReadInt32LittleEndian(condition[4..]);
        if (port != -1 && port != endpoint.Port)
        {
            return false;
        }

        var (size, bits) = (AddressSize(condition[0]), condition[1]);
        return size == 0 || (bits == 0 && size == endpoint.Address.Size)
            || (bits <= size * 8 && endpoint.Address.Matches(IPAddress.FromBytes(condition.Slice(ConditionSize, size)), bits));
    }
}
