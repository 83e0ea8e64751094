namespace Dragonet.Fs.Processors;

/// <summary>A cache of a processor.</summary>
/// <param name="Level">From 1 up.</param>
/// <param name="Kind">Data, Instruction or Unified.</param>
/// <param name="Line">Bytes of a line.</param>
/// <param name="Partitions">Lines that one tag stands for.</param>
/// <param name="Ways">Associativity.</param>
/// <param name="Sets">Their number.</param>
/// <param name="Sharers">Numbers of processors, from a multiple of it (rounded up to a power of two) on, that share it at most.</param>
internal sealed record CpuCache(int Level, string Kind, int Line, int Partitions, int Ways, long Sets, int Sharers)
{
    /// <summary>Bytes.</summary>
    internal long Size => Line * Partitions * Ways * Sets;
}
