using System.Buffers.Binary;

namespace Dragonet.Platform.Linux.Stub;

/// <summary>Assembles a classic BPF program (linux/filter.h) with labels; far jumps are made with two instructions.</summary>
internal sealed class BpfProgram
{
    private readonly List<(ushort Code, byte Jt, byte Jf, uint K, string? Target)> _code = [];
    private readonly Dictionary<string, int> _labels = [];

    /// <summary>Loads a word of struct seccomp_data.</summary>
    public BpfProgram Load(uint offset) => Add(0x20, offset); // BPF_LD|BPF_W|BPF_ABS

    /// <summary>A &amp;= mask.</summary>
    public BpfProgram And(uint mask) => Add(0x54, mask); // BPF_ALU|BPF_AND|BPF_K

    /// <summary>Returns an action.</summary>
    public BpfProgram Return(uint action) => Add(0x06, action); // BPF_RET|BPF_K

    /// <summary>Jumps.</summary>
    public BpfProgram Goto(string label)
    {
        _code.Add((0x05, 0, 0, 0, label)); // BPF_JMP|BPF_JA
        return this;
    }

    /// <summary>Jumps when A equals the value.</summary>
    public BpfProgram IfEqual(uint value, string label) => Conditional(0x15, value, label, onTrue: true);

    /// <summary>Jumps when A differs from the value.</summary>
    public BpfProgram IfNotEqual(uint value, string label) => Conditional(0x15, value, label, onTrue: false);

    /// <summary>Jumps when A is at least the value (unsigned).</summary>
    public BpfProgram IfAtLeast(uint value, string label) => Conditional(0x35, value, label, onTrue: true);

    /// <summary>Jumps when A has any of the bits.</summary>
    public BpfProgram IfAnyBit(uint bits, string label) => Conditional(0x45, bits, label, onTrue: true);

    /// <summary>Names the next instruction.</summary>
    public BpfProgram Label(string label)
    {
        _labels.Add(label, _code.Count);
        return this;
    }

    /// <summary>The program as struct sock_filter[].</summary>
    public byte[] ToArray()
    {
        var bytes = new byte[_code.Count * 8];
        for (var i = 0; i < _code.Count; i++)
        {
            var (code, jt, jf, k, target) = _code[i];
            if (target is not null)
            {
                var distance = _labels[target] - i - 1;
                if (distance < 0)
                {
                    throw new InvalidOperationException($"BPF jumps only forward: {target}");
                }

                k = (uint)distance;
            }

            var span = bytes.AsSpan(i * 8);
            BinaryPrimitives.WriteUInt16LittleEndian(span, code);
            span[2] = jt;
            span[3] = jf;
            BinaryPrimitives.WriteUInt32LittleEndian(span[4..], k);
        }

        return bytes;
    }

    private BpfProgram Add(ushort code, uint k)
    {
        _code.Add((code, 0, 0, k, null));
        return this;
    }

    private BpfProgram Conditional(ushort code, uint value, string label, bool onTrue)
    {
        _code.Add((code, onTrue ? (byte)0 : (byte)1, onTrue ? (byte)1 : (byte)0, value, null));
        return Goto(label);
    }
}
