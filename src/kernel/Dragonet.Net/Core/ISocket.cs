using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Net;

/// <summary>What all sockets of a stack have.</summary>
public interface ISocket
{
    /// <summary>Woken when something changes.</summary>
    WaitQueue Queue { get; }

    /// <summary>What it is bound to; port 0 when it is not.</summary>
    Endpoint Local { get; }

    /// <summary>What it is connected to, or null.</summary>
    Endpoint? Remote { get; }

    /// <summary>bind(2).</summary>
    Errno Bind(Endpoint local);

    /// <summary>connect(2). Null dissolves the association.</summary>
    Errno Connect(Endpoint? remote);

    /// <summary>shutdown(2).</summary>
    Errno Shutdown(bool read, bool write);

    /// <summary>The state for poll(2).</summary>
    PollEvents Poll();

    /// <summary>SO_ERROR: the pending error, which is cleared.</summary>
    Errno TakeError();
}
