using System.Numerics;

namespace Dragonet.Net;

/// <summary>The sizes of TCP's buffers in one stack, and whether they grow (tcp(7), tcp_rmem, tcp_wmem, tcp_moderate_rcvbuf). What changes counts
/// for sockets that are made afterwards, the limits of growth for all.</summary>
public sealed class TcpMemory
{
    /// <summary>The most that a window can tell (RFC 7323, section 2.2), and more than any buffer here becomes.</summary>
    private const int LargestBuffer = 1 << 28;

    /// <summary>What SO_RCVBUF may ask for without rights (net.core.rmem_max), as it counts.</summary>
    private const int LargestWanted = 2 * 212992;

    private readonly BufferBudget _budget;

    internal TcpMemory(BufferBudget budget)
    {
        _budget = budget;

        // A connection may have a small part of all memory (tcp_init of Linux).
        var share = budget.Limit / 16;
        Receive = new BufferSizes(4096, 131072, (int)Math.Clamp(share, 131072, 6 << 20));
        Send = new BufferSizes(4096, 16384, (int)Math.Clamp(share, 65536, 4 << 20));
    }

    /// <summary>net.ipv4.tcp_rmem.</summary>
    public BufferSizes Receive { get; set; }

    /// <summary>net.ipv4.tcp_wmem.</summary>
    public BufferSizes Send { get; set; }

    /// <summary>net.ipv4.tcp_moderate_rcvbuf.</summary>
    public bool ModeratesReceive { get; set; } = true;

    /// <summary>Nothing grows while the stack's sockets hold half of what they may (tcp_under_memory_pressure of Linux).</summary>
    internal bool IsUnderPressure => _budget.Used > _budget.Limit / 2;

    /// <summary>The shift of windows that is enough for the largest buffer (tcp_select_initial_window of Linux).</summary>
    internal int WindowShift => Math.Clamp(BitOperations.Log2((uint)Math.Max(LargestReceive, LargestWanted)) - 15, 0, 14);

    /// <summary>How far a receive buffer grows.</summary>
    public int LargestReceive => Math.Min(Receive.Most, LargestBuffer);

    internal int LargestSend => Math.Min(Send.Most, LargestBuffer);

    /// <summary>What a socket begins with.</summary>
    internal TcpSettings CreateSettings() =>
        new() { SendBuffer = Math.Min(Send.Initial, LargestBuffer), ReceiveBuffer = Math.Min(Receive.Initial, LargestBuffer) };
}
