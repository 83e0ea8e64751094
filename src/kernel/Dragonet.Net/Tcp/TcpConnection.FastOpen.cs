using Dragonet.Abi;

namespace Dragonet.Net;

/// <summary>Data in a SYN (RFC 7413).</summary>
internal sealed partial class TcpConnection
{
    private bool _asksForCookie;     // the SYN asks for one, or brings one
    private byte[]? _cookie;         // that it brings; empty to ask
    private byte[]? _cookieToGive;   // the answer to a SYN has one
    private int _synData;            // bytes behind the SYN, on their way
    private bool _isFastOpened;      // accept(2) may have it before the handshake is over

    /// <summary>Data went with a SYN and was acknowledged with it (TCPI_OPT_SYN_DATA).</summary>
    public bool HasUsedSynData { get; private set; }

    /// <summary>Active open with data behind the SYN, as much as fits (section 4.1).</summary>
    /// <param name="cookie">What the peer gave; empty to ask for one, and then nothing else is sent.</param>
    /// <param name="peerSegment">The longest segment that the peer took last time.</param>
    /// <param name="data">The user's data.</param>
    /// <param name="withoutCookie">Both sides have agreed to do without (TCP_FASTOPEN_NO_COOKIE).</param>
    /// <returns>How much was taken.</returns>
    public int OpenWithData(byte[] cookie, int peerSegment, ReadOnlySpan<byte> data, bool withoutCookie)
    {
        (_asksForCookie, _cookie) = (!withoutCookie, cookie);
        if (cookie.Length > 0 || withoutCookie)
        {
            var most = Math.Min(MaximumReceiveSegment, Math.Max(peerSegment, DefaultSegment)) - TcpOptions.MaxSize;
            var count = Math.Min(Math.Min(data.Length, most), Settings.SendBuffer);
            _synData = count > 0 && _outgoing.Append(data[..count]) ? count : 0;
        }

        Open();
        return _synData;
    }

    /// <summary>The SYN of a passive open came with data: it is the user's before the handshake is over (section 4.2).</summary>
    private void TakeSynData(ReadOnlySpan<byte> payload)
    {
        var count = Math.Min(payload.Length, Settings.ReceiveBuffer);
        if (count > 0 && _incoming.Put(1, payload[..count]))
        {
            _receiveNext = _incoming.Tail;
            LastDataAt = Now;
        }

        _isFastOpened = true;
    }

    /// <summary>What the answer to a SYN says of this: how much of the data has arrived, and a cookie for the next time.</summary>
    private void TakeSynAnswer(long acknowledged, in TcpOptions options)
    {
        HasUsedSynData = acknowledged > 1;
        _sendNext = acknowledged;
        if (options.FastOpenCookie is { Length: > 0 } cookie)
        {
            _layer.RememberCookie(Remote.Address, cookie, _peerSegment);
        }
    }
}
