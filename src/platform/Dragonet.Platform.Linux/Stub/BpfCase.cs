namespace Dragonet.Platform.Linux.Stub;

/// <summary>A case of <see cref="BpfProgram.Search(ReadOnlySpan{BpfCase})"/>.</summary>
/// <param name="Value">What A is.</param>
/// <param name="Label">Where it goes on then.</param>
internal readonly record struct BpfCase(uint Value, string Label)
{
    /// <summary>Many that go to one label.</summary>
    internal static BpfCase[] Each(ReadOnlySpan<Abi.Nr> numbers, string label)
    {
        var cases = new BpfCase[numbers.Length];
        for (var i = 0; i < cases.Length; i++)
        {
            cases[i] = new BpfCase((uint)numbers[i], label);
        }

        return cases;
    }
}
