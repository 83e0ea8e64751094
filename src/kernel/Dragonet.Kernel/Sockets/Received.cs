using Dragonet.Abi;
using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>What came with the data of a recv(2).</summary>
public struct Received
{
    /// <summary>Length of the whole message, which may be more than was copied (MSG_TRUNC).</summary>
    public int FullLength { get; set; }

    /// <summary>The data was dropped and not copied (MSG_TRUNC of a stream, tcp(7)).</summary>
    public bool IsDropped { get; set; }

    /// <summary>The sender's address, or null when there is none to tell.</summary>
    public byte[]? Address { get; set; }

    /// <summary>Files that were passed; the receiver owns the references.</summary>
    public OpenFile[]? Rights { get; set; }

    /// <summary>Who sent it, when the socket asked for it (SO_PASSCRED).</summary>
    public ucred? Credentials { get; set; }

    /// <summary>More control messages, ready to be copied: level, type, data.</summary>
    public List<(int Level, int Type, byte[] Data)>? Controls { get; set; }

    /// <summary>Flags to add to msg_flags.</summary>
    public MsgFlags Flags { get; set; }
}
