using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Net;
using Dragonet.Platform;

namespace Dragonet.UserNet;

/// <summary>One question on its way: to one server after the other, each with a socket of its own.</summary>
internal sealed class DnsQuestion
{
    private const long Patience = 5_000_000_000; // as resolv.conf(5), "timeout"

    private readonly DnsForwarder _forwarder;
    private readonly byte[] _query; // with our number
    private readonly ushort _id;    // the guest's number
    private readonly bool _isStream;
    private readonly Action<byte[]> _answer;
    private DnsServerFlow? _flow;
    private int _next;

    internal DnsQuestion(DnsForwarder forwarder, byte[] query, bool isStream, ushort id, Action<byte[]> answer)
    {
        _forwarder = forwarder;
        _id = DnsMessage.Id(query);
        _query = query;
        _isStream = isStream;
        _answer = answer;
        Node = new LinkedListNode<DnsQuestion>(this);
        BinaryPrimitives.WriteUInt16BigEndian(_query, id);
    }

    internal LinkedListNode<DnsQuestion> Node { get; }

    internal long Deadline { get; private set; }

    internal void Start()
    {
        while (_next < _forwarder.Servers.Count)
        {
            var server = _forwarder.Servers[_next++];
            if (_forwarder.Gateway.Open(_isStream ? HostSocketKind.Stream : HostSocketKind.Datagram, !server.Address.IsV4) is not { } socket)
            {
                continue;
            }

            var flow = new DnsServerFlow(_forwarder.Gateway, socket, this, _query, _isStream);
            if (flow.Start(server))
            {
                _flow = flow;
                Deadline = _forwarder.Gateway.Stack.Now + Patience;
                _forwarder.Add(this);
                return;
            }

            flow.Dispose();
        }

        BinaryPrimitives.WriteUInt16BigEndian(_query, _id);
        _answer(_forwarder.Fail(_query));
    }

    /// <summary>This server says nothing, or cannot be reached: the next one.</summary>
    internal void OnDeadline()
    {
        Close();
        Start();
    }

    /// <summary>A server has said something; false when it is no answer to the question.</summary>
    internal bool OnResponse(ReadOnlySpan<byte> response)
    {
        if (!DnsMessage.IsResponse(response, _query) || DnsMessage.Id(response) != DnsMessage.Id(_query))
        {
            return false;
        }

        Close();
        _forwarder.Allow(response);
        var bytes = response.ToArray();
        BinaryPrimitives.WriteUInt16BigEndian(bytes, _id);
        _answer(bytes);
        return true;
    }

    internal void Close()
    {
        _forwarder.Remove(this);
        _flow?.Dispose();
        _flow = null;
    }
}
