using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Dragonet.Platform.Linux.Stub;

/// <summary>
/// Assembles a classic BPF program (linux/filter.h) with labels. The host checks and compiles it anew for each process that it is put on,
/// and tries it with every number of a call, so its length counts: a conditional jump takes a second instruction only when it goes further
/// than a byte says.
/// </summary>
internal sealed class BpfProgram
{
    private const ushort Jump = 0x05; // BPF_JMP|BPF_JA
    private readonly List<Instruction> _code = [];
    private readonly Dictionary<string, int> _labels = []; // indices into _code
    private int _searches;

    /// <summary>Loads a word of struct seccomp_data.</summary>
    public BpfProgram Load(uint offset) => Add(0x20, offset); // BPF_LD|BPF_W|BPF_ABS

    /// <summary>A &amp;= mask.</summary>
    public BpfProgram And(uint mask) => Add(0x54, mask); // BPF_ALU|BPF_AND|BPF_K

    /// <summary>Returns an action.</summary>
    public BpfProgram Return(uint action) => Add(0x06, action); // BPF_RET|BPF_K

    /// <summary>Jumps.</summary>
    public BpfProgram Goto(string label)
    {
        _code.Add(new Instruction(Jump, true, 0, label));
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

    /// <summary>Jumps to the label of the case that A equals, found by halving; goes on when there is none.</summary>
    public BpfProgram Search(params ReadOnlySpan<BpfCase> cases)
    {
        // Sorted by hand: a boot waits for this, and the library's ways to sort values of ours are compiled when they are first used.
        var sorted = new List<BpfCase>();
        foreach (var one in cases)
        {
            var at = sorted.Count;
            while (at > 0 && sorted[at - 1].Value > one.Value)
            {
                at--;
            }

            if (at == 0 || sorted[at - 1] != one)
            {
                sorted.Insert(at, one);
            }
        }

        var none = $"none of search {++_searches}";
        Search(CollectionsMarshal.AsSpan(sorted), none, none);
        return Label(none);
    }

    private void Search(ReadOnlySpan<BpfCase> cases, string name, string none)
    {
        const int few = 3; // one after the other
        if (cases.Length > few)
        {
            var half = cases.Length / 2;
            var upper = $"{name}, from {cases[half].Value}";
            _ = IfAtLeast(cases[half].Value, upper);
            Search(cases[..half], name, none);
            _ = Goto(none).Label(upper);
            Search(cases[half..], upper, none);
            return;
        }

        foreach (var one in cases)
        {
            _ = IfEqual(one.Value, one.Label);
        }
    }

    /// <summary>The program as struct sock_filter[].</summary>
    public byte[] ToArray()
    {
        var isFar = new bool[_code.Count];
        int[] at;
        do
        {
            at = Place(isFar);
        }
        while (FindFar(isFar, at));

        var bytes = new byte[at[^1] * 8];
        for (var i = 0; i < _code.Count; i++)
        {
            var (code, onTrue, k, target) = _code[i];
            var span = bytes.AsSpan(at[i] * 8);
            if (target is null)
            {
                Put(span, code, 0, 0, k);
            }
            else if (code == Jump)
            {
                Put(span, Jump, 0, 0, (uint)Distance(i, at));
            }
            else
            {
                var distance = isFar[i] ? 0 : (byte)Distance(i, at);
                var other = isFar[i] ? 1 : 0; // over the jump behind it
                Put(span, code, (byte)(onTrue ? distance : other), (byte)(onTrue ? other : distance), k);
                if (isFar[i])
                {
                    Put(span[8..], Jump, 0, 0, (uint)Distance(i, at) - 1);
                }
            }
        }

        return bytes;
    }

    private static void Put(Span<byte> instruction, ushort code, byte ifTrue, byte ifFalse, uint k)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(instruction, code);
        instruction[2] = ifTrue;
        instruction[3] = ifFalse;
        BinaryPrimitives.WriteUInt32LittleEndian(instruction[4..], k);
    }

    /// <summary>Where each instruction comes to lie, and the end.</summary>
    private int[] Place(bool[] isFar)
    {
        var at = new int[_code.Count + 1];
        for (var i = 0; i < _code.Count; i++)
        {
            at[i + 1] = at[i] + (isFar[i] ? 2 : 1);
        }

        return at;
    }

    /// <summary>True when there are more of them than were known: they move what is behind them.</summary>
    private bool FindFar(bool[] isFar, int[] at)
    {
        var found = false;
        for (var i = 0; i < _code.Count; i++)
        {
            if (!isFar[i] && _code[i] is { Target: not null, Code: not Jump } && Distance(i, at) > byte.MaxValue)
            {
                isFar[i] = found = true;
            }
        }

        return found;
    }

    /// <summary>How many instructions lie between a jump and where it goes.</summary>
    private int Distance(int jump, int[] at)
    {
        var label = _code[jump].Target!;
        var distance = at[_labels[label]] - at[jump] - 1;
        return distance >= 0 ? distance : throw new InvalidOperationException($"BPF jumps only forward: {label}");
    }

    private BpfProgram Add(ushort code, uint k)
    {
        _code.Add(new Instruction(code, true, k, null));
        return this;
    }

    private BpfProgram Conditional(ushort code, uint value, string label, bool onTrue)
    {
        _code.Add(new Instruction(code, onTrue, value, label));
        return this;
    }

    private readonly record struct Instruction(ushort Code, bool OnTrue, uint K, string? Target);
}
