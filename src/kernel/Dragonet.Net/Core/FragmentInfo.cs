namespace Dragonet.Net;

/// <summary>What one fragment says about itself.</summary>
/// <param name="Header">The addresses and the protocol of the whole packet.</param>
/// <param name="Identification">Which packet it belongs to.</param>
/// <param name="Offset">Where its data belongs.</param>
/// <param name="More">False for the last one.</param>
/// <param name="DataStart">Where its data begins in the fragment.</param>
/// <param name="HeaderLength">How much of the fragment's beginning is the header of the whole packet.</param>
internal readonly record struct FragmentInfo(IPHeader Header, uint Identification, int Offset, bool More, int DataStart, int HeaderLength);
