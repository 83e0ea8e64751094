using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Net;
using Dragonet.Platform;

namespace Dragonet.UserNet;

/// <summary>A question and a server of the host, by UDP or TCP.</summary>
internal sealed class DnsServerFlow : Flow
{
    private readonly DnsQuestion _question;
    private readonly bool _isStream;
    private byte[] _out;
    private byte[] _in = [];

    internal DnsServerFlow(UserGateway gateway, IHostSocket socket, DnsQuestion question, byte[] query, bool isStream)
        : base(gateway, socket)
    {
        _question = question;
        _isStream = isStream;
        _out = isStream ? DnsForwarder.Framed(query) : query;
    }

    internal bool Start(Endpoint server)
    {
        var error = Socket.Connect(server.ToHost());
        if (error is not (Errno.OK or Errno.EINPROGRESS) || (!_isStream && !Socket.Send(_out).IsOk))
        {
            return false;
        }

        Watch();
        return true;
    }

    /// <inheritdoc/>
    public override void Pump()
    {
        var events = TakeEvents();
        if (_isStream && _out.Length > 0 && (events & PollEvents.POLLOUT) != 0 && Socket.Send(_out).Ok(out var sent))
        {
            _out = _out[sent..];
        }

        while (!IsClosed)
        {
            var got = Socket.Receive(Gateway.Scratch);
            if (got.IsOk && (!_isStream || got.Value > 0))
            {
                Take(Gateway.Scratch.AsSpan(0, got.Value));
            }
            else if (got.IsOk || got.Error is not (Errno.EAGAIN or Errno.ENOTCONN))
            {
                _question.OnDeadline(); // nobody there, or gone: the next server
                return;
            }
            else
            {
                return;
            }
        }
    }

    /// <inheritdoc/>
    protected override void Release()
    {
    }

    private void Take(ReadOnlySpan<byte> bytes)
    {
        if (!_isStream)
        {
            _ = _question.OnResponse(bytes); // what is no answer is dropped, and the right one awaited
            return;
        }

        _in = [.. _in, .. bytes];
        if (_in.Length >= 2 && BinaryPrimitives.ReadUInt16BigEndian(_in) is var length && _in.Length >= 2 + length && !_question.OnResponse(_in.AsSpan(2, length)))
        {
            _question.OnDeadline();
        }
    }
}
