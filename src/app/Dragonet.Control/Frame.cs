namespace Dragonet.Control;

/// <summary>One message on a control connection.</summary>
/// <param name="Kind">What it carries.</param>
/// <param name="Bytes">What it is.</param>
public readonly record struct Frame(FrameKind Kind, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>Most bytes of a frame that a kernel takes: whoever sends more is cut off.</summary>
    public const int Most = 1 << 20;

    /// <summary>Most bytes of a kernel's answer, which may tell of thousands of jails and processes.</summary>
    public const int MostOfAnswer = 1 << 28;
}
