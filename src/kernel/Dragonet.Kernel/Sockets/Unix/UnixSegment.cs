using Dragonet.Abi;

namespace Dragonet.Kernel;

/// <summary>A message, or a piece of a stream with one sender, in a receive queue.</summary>
internal struct UnixSegment
{
    /// <summary>Bytes left of it in the ring.</summary>
    public int Length;

    public ucred Credentials;

    /// <summary>The sender's name.</summary>
    public string Sender;

    /// <summary>When it was sent, in nanoseconds since 1970; 0 when the receiver did not want to know then (SO_TIMESTAMP).</summary>
    public long SentAt;

    /// <summary>Files that come with it, or null.</summary>
    public UnixRights? Rights;
}
