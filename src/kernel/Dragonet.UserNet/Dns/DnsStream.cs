using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Net;

namespace Dragonet.UserNet;

/// <summary>A TCP connection of the guest to the forwarder (RFC 7766): one question after the other.</summary>
internal sealed class DnsStream
{
    private readonly DnsForwarder _forwarder;
    private readonly TcpSocket _client;
    private readonly WaitQueue.Entry _entry;
    private byte[] _in = [];
    private bool _isAsking;
    private bool _isClosed;

    internal DnsStream(DnsForwarder forwarder, TcpSocket client)
    {
        _forwarder = forwarder;
        _client = client;
        _entry = client.Queue.Add(forwarder);
    }

    internal void Run()
    {
        while (!_isClosed && !_isAsking)
        {
            if (_in.Length >= 2 && BinaryPrimitives.ReadUInt16BigEndian(_in) is var length && _in.Length >= 2 + length)
            {
                var query = _in[2..(2 + length)];
                _in = _in[(2 + length)..];
                if (!DnsMessage.TryReadQuery(query, out _, out _))
                {
                    Close(); // nothing that could be answered
                    return;
                }

                _isAsking = true;
                _forwarder.Ask(query, isStream: true, Answer);
                continue;
            }

            if (!_client.Receive(_forwarder.Gateway.Scratch).Ok(out var count, out var error))
            {
                if (error != Errno.EAGAIN)
                {
                    Close();
                }

                return;
            }

            if (count == 0)
            {
                Close();
                return;
            }

            _in = [.. _in, .. _forwarder.Gateway.Scratch.AsSpan(0, count)];
        }
    }

    internal void Close()
    {
        if (!_isClosed)
        {
            _isClosed = true;
            _client.Queue.Remove(_entry);
            _client.Close();
            _forwarder.Remove(this);
        }
    }

    private void Answer(byte[] response)
    {
        if (_isClosed)
        {
            return;
        }

        var framed = DnsForwarder.Framed(response);
        _isAsking = false;
        if (_client.Send(framed) is var sent && (!sent.IsOk || sent.Value < framed.Length))
        {
            Close(); // it does not read its answers
        }
        else
        {
            _forwarder.Fire(_entry, PollEvents.POLLIN); // there may be another question
        }
    }
}
