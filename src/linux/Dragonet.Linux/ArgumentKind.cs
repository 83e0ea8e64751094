namespace Dragonet.Linux;

/// <summary>What an argument is, for a trace.</summary>
internal enum ArgumentKind
{
    Int,
    UInt,
    Long,
    Unsigned,
    Fd,
    Pointer,
    String,
    Flags,
}
