using Dragonet.Abi;

namespace Dragonet.Net;

/// <summary>Who sends wants to know when its data went and when it arrived (SO_TIMESTAMPING): the last byte of each call stands for all of it.</summary>
internal sealed partial class TcpConnection
{
    private const int MaxStamps = 1024;

    private LinkedList<(long Position, uint Number, uint Wanted)>? _stamps;

    /// <summary>Position of the next byte that is written, and of the first that was not acknowledged.</summary>
    public (long Next, long Unacknowledged) SendPositions => (_outgoing.Tail, _sendUna);

    /// <summary>What was written up to now is to be told about.</summary>
    /// <param name="number">What it is called.</param>
    /// <param name="wanted">SOF_TIMESTAMPING_TX_*.</param>
    public void Stamp(uint number, uint wanted)
    {
        if ((_stamps ??= new()).Count < MaxStamps)
        {
            _ = _stamps.AddLast((_outgoing.Tail, number, wanted));
            TellStamps();
        }
    }

    private void TellStamps()
    {
        if (_stamps is not { Count: > 0 } || Socket?.Errors is not { } errors)
        {
            return;
        }

        for (var node = _stamps.First; node is not null && node.Value.Position <= _sendNext;)
        {
            var (position, number, wanted) = node.Value;
            wanted = Tell(errors, wanted, SocketOption.SOF_TIMESTAMPING_TX_SCHED, 1, number);
            wanted = Tell(errors, wanted, SocketOption.SOF_TIMESTAMPING_TX_SOFTWARE, 0, number);
            wanted = position <= _sendUna ? Tell(errors, wanted, SocketOption.SOF_TIMESTAMPING_TX_ACK, 2, number) : wanted;
            var next = node.Next;
            node.Value = (position, number, wanted);
            if (wanted == 0)
            {
                _stamps.Remove(node);
            }

            node = next;
        }

        if (errors.Events != 0)
        {
            Wake(errors.Events);
        }
    }

    private uint Tell(ErrorQueue errors, uint wanted, uint flag, uint what, uint number)
    {
        if ((wanted & flag) != 0)
        {
            errors.TellTime(what, number, Now, []);
        }

        return wanted & ~flag;
    }
}
