using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Kernel;

/// <summary>Makes the sockets of one address family (socket(2)). A network stack registers its families in <see cref="Kernel.Sockets"/>.</summary>
public abstract class SocketFamily
{
    /// <summary>AF_*.</summary>
    public abstract AddressFamily Domain { get; }

    /// <summary>socket(2): ESOCKTNOSUPPORT for a type, EPROTONOSUPPORT for a protocol that it does not have.</summary>
    /// <param name="task">Who asks.</param>
    /// <param name="type">The type.</param>
    /// <param name="protocol">The protocol, or 0 for the type's own.</param>
    /// <param name="flags">O_NONBLOCK or nothing.</param>
    public abstract Result<SocketFile> Create(Task task, SocketType type, int protocol, OpenFlags flags);

    /// <summary>socketpair(2).</summary>
    public virtual Result<(SocketFile First, SocketFile Second)> CreatePair(Task task, SocketType type, int protocol, OpenFlags flags) => Errno.EOPNOTSUPP;
}
