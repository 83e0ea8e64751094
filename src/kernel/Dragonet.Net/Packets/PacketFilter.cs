using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Net;

/// <summary>
/// A classic BPF program (McCanne and Jacobson, "The BSD Packet Filter", 1993; SO_ATTACH_FILTER in socket(7)). It is checked once, as
/// bpf_check_classic of Linux does: jumps go forward and stay inside, so that every program ends.
/// </summary>
public sealed class PacketFilter
{
    /// <summary>Most instructions (BPF_MAXINSNS).</summary>
    public const int MaxLength = 4096;

    private const int Words = 16;                     // BPF_MEMWORDS
    private const uint AncillaryOffset = 0xffff_f000; // SKF_AD_OFF
    private const uint NetworkOffset = 0xfff0_0000;   // SKF_NET_OFF
    private const uint LinkOffset = 0xffe0_0000;      // SKF_LL_OFF

    private readonly BpfInstruction[] _program;

    private PacketFilter(BpfInstruction[] program) => _program = program;

    /// <summary>The program.</summary>
    public ReadOnlySpan<BpfInstruction> Program => _program;

    /// <summary>Takes a program: EINVAL for one that is not right.</summary>
    public static Result<PacketFilter> Create(ReadOnlySpan<BpfInstruction> program)
    {
        if (program.Length is 0 or > MaxLength)
        {
            return Errno.EINVAL;
        }

        for (var i = 0; i < program.Length; i++)
        {
            if (!IsValid(program[i], program.Length - i - 1))
            {
                return Errno.EINVAL;
            }
        }

        return (program[^1].Code & 7) == 6 && LoadsWhatWasStored(program) ? new PacketFilter(program.ToArray()) : Errno.EINVAL;
    }

    /// <summary>How many bytes of a packet are wanted; 0 for none.</summary>
    /// <param name="packet">What the socket would get.</param>
    /// <param name="network">Where the network header begins in it; negative when it is not in it.</param>
    /// <param name="about">For the ancillary words.</param>
    public uint Run(ReadOnlySpan<byte> packet, int network, in PacketInfo about)
    {
        Span<uint> memory = stackalloc uint[Words];
        memory.Clear();
        uint a = 0, x = 0;
        for (var i = 0; ; i++)
        {
            var (code, jt, jf, k) = _program[i];
            var operand = (code & 8) != 0 ? x : k; // BPF_X or BPF_K
            switch (code & 7)
            {
                case 0: // BPF_LD
                    switch (code & 0xe0)
                    {
                        case 0x00:
                            a = k;
                            continue;
                        case 0x60:
                            a = memory[(int)k];
                            continue;
                        case 0x80:
                            a = (uint)packet.Length;
                            continue;
                    }

                    if (!Load(packet, network, about, (code & 0xe0) == 0x40 ? x + k : k, code & 0x18, out a))
                    {
                        return 0;
                    }

                    break;
                case 1: // BPF_LDX
                    switch (code & 0xe0)
                    {
                        case 0x00:
                            x = k;
                            break;
                        case 0x60:
                            x = memory[(int)k];
                            break;
                        case 0x80:
                            x = (uint)packet.Length;
                            break;
                        default: // BPF_MSH: the length of an IPv4 header
                            if (!Load(packet, network, about, k, 0x10, out x))
                            {
                                return 0;
                            }

                            x = (x & 0xf) << 2;
                            break;
                    }

                    break;
                case 2:
                    memory[(int)k] = a;
                    break;
                case 3:
                    memory[(int)k] = x;
                    break;
                case 4:
                    if ((code & 0xf0) is 0x30 or 0x90 && operand == 0)
                    {
                        return 0; // a division by zero ends the program
                    }

                    a = Compute(code & 0xf0, a, operand);
                    break;
                case 5:
                    var isTrue = (code & 0xf0) switch { 0x10 => a == operand, 0x20 => a > operand, 0x30 => a >= operand, _ => (a & operand) != 0 };
                    i += (code & 0xf0) == 0 ? (int)k : isTrue ? jt : jf;
                    break;
                case 6:
                    return (code & 0x18) == 0x10 ? a : (code & 0x18) == 8 ? x : k;
                default:
                    if ((code & 0xf8) == 0x80)
                    {
                        a = x;
                    }
                    else
                    {
                        x = a;
                    }

                    break;
            }
        }
    }

    private static uint Compute(int operation, uint a, uint b) => operation switch
    {
        0x00 => a + b,
        0x10 => a - b,
        0x20 => a * b,
        0x30 => a / b,
        0x40 => a | b,
        0x50 => a & b,
        0x60 => b < 32 ? a << (int)b : 0,
        0x70 => b < 32 ? a >> (int)b : 0,
        0x80 => 0 - a,
        0x90 => a % b,
        _ => a ^ b,
    };

    private static bool Load(ReadOnlySpan<byte> packet, int network, in PacketInfo about, uint at, int size, out uint value)
    {
        value = 0;
        if (at >= AncillaryOffset)
        {
            value = (at - AncillaryOffset) switch
            {
                0 => about.Protocol,
                4 => (uint)about.Kind,
                8 => (uint)about.InterfaceIndex,
                28 => about.LinkType,
                _ => 0, // no VLAN tags, no marks, no hash, processor 0
            };
            return true;
        }

        long place = at;
        if (at >= NetworkOffset)
        {
            place = at - NetworkOffset + network;
        }
        else if (at >= LinkOffset)
        {
            place = network < 14 ? -1 : at - LinkOffset;
        }

        var length = size == 0x10 ? 1 : size == 8 ? 2 : 4;
        if (place < 0 || place + length > packet.Length)
        {
            return false;
        }

        var bytes = packet[(int)place..];
        value = length == 1 ? bytes[0] : length == 2 ? BinaryPrimitives.ReadUInt16BigEndian(bytes) : BinaryPrimitives.ReadUInt32BigEndian(bytes);
        return true;
    }

    private static bool IsValid(in BpfInstruction instruction, int left)
    {
        var (code, jt, jf, k) = instruction;
        switch (code & 7)
        {
            case 0:
                return code is 0x00 or 0x20 or 0x28 or 0x30 or 0x40 or 0x48 or 0x50 or 0x80 || (code == 0x60 && k < Words);
            case 1:
                return code is 0x01 or 0x81 or 0xb1 || (code == 0x61 && k < Words);
            case 2 or 3:
                return code is 0x02 or 0x03 && k < Words;
            case 4:
                var operation = code & 0xf0;
                var isConstant = (code & 8) == 0;
                return code <= 0xaf && !(operation is 0x30 or 0x90 && isConstant && k == 0) && !(operation is 0x60 or 0x70 && isConstant && k >= 32)
                    && code != 0x8c;
            case 5:
                return code switch
                {
                    0x05 => k < (uint)left,
                    0x15 or 0x1d or 0x25 or 0x2d or 0x35 or 0x3d or 0x45 or 0x4d => jt < left && jf < left,
                    _ => false,
                };
            case 6:
                return code is 0x06 or 0x16;
            default:
                return code is 0x07 or 0x87;
        }
    }

    /// <summary>Words of the memory are read only where they were written on every way there (check_load_and_stores of Linux).</summary>
    private static bool LoadsWhatWasStored(ReadOnlySpan<BpfInstruction> program)
    {
        var known = new ushort[program.Length];
        Array.Fill(known, ushort.MaxValue);
        ushort now = 0;
        for (var i = 0; i < program.Length; i++)
        {
            now &= known[i];
            var (code, jt, jf, k) = program[i];
            switch (code)
            {
                case 0x02 or 0x03:
                    now |= (ushort)(1 << (int)k);
                    break;
                case 0x60 or 0x61 when (now >> (int)k & 1) == 0:
                    return false;
                case 0x05:
                    known[i + 1 + (int)k] &= now;
                    now = ushort.MaxValue;
                    break;
                default:
                    if ((code & 7) == 5)
                    {
                        known[i + 1 + jt] &= now;
                        known[i + 1 + jf] &= now;
                        now = ushort.MaxValue;
                    }

                    break;
            }
        }

        return true;
    }
}
