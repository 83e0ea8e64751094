using Dragonet.Abi;
using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>What comes with the data of a send(2).</summary>
/// <param name="Flags">MSG_*; whether to wait is the caller's business.</param>
/// <param name="Address">The destination as the guest gave it, or null.</param>
/// <param name="Rights">Files to pass (SCM_RIGHTS), borrowed: the socket takes references when it accepts them.</param>
/// <param name="Credentials">SCM_CREDENTIALS, checked, or null for the sender's own.</param>
/// <param name="Controls">Control messages of other levels than SOL_SOCKET, as the guest gave them; null for none.</param>
public readonly record struct SendRequest(
    MsgFlags Flags, byte[]? Address = null, OpenFile[]? Rights = null, ucred? Credentials = null, List<(int Level, int Type, byte[] Data)>? Controls = null)
{
    /// <summary>It goes on with the data of a call of which a part was taken.</summary>
    public bool IsContinued { get; init; }
}
