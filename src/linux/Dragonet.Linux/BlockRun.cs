using System.Runtime.CompilerServices;

namespace Dragonet.Linux;

/// <summary>Blocks that a stream gives away at once.</summary>
[InlineArray(8)]
internal struct BlockRun
{
    private ArraySegment<byte> _first;
}
