using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Net;
using Dragonet.Platform;

namespace Dragonet.UserNet;

/// <summary>
/// Answers the guest's questions about names by asking the host's servers, with numbers and ports that nobody can guess (RFC 5452). Names
/// that are not allowed are refused; the addresses of allowed ones become reachable with the answer.
/// </summary>
internal sealed class DnsForwarder : Base.Waiter, IDisposable
{
    private const ushort Port = 53;
    private const int MostQuestions = 256;
    private const int Backlog = 16;

    private readonly UserGateway _gateway;
    private readonly UserNetOptions _options;
    private readonly List<UdpSocket> _datagrams = [];
    private readonly List<TcpSocket> _listeners = [];
    private readonly LinkedList<DnsQuestion> _questions = new(); // in the order of their deadlines
    private readonly HashSet<DnsStream> _streams = [];
    private bool _isMarked = true;

    internal DnsForwarder(UserGateway gateway, UserNetOptions options)
    {
        _gateway = gateway;
        _options = options;
        foreach (var address in UserGateway.NameServers)
        {
            var datagram = gateway.Stack.CreateUdp(!address.IsV4);
            _ = datagram.Bind(new Endpoint(address, Port));
            _ = datagram.Queue.Add(this);
            _datagrams.Add(datagram);
            var listener = gateway.Stack.CreateTcp(!address.IsV4);
            _ = listener.Bind(new Endpoint(address, Port));
            _ = listener.Listen(Backlog);
            _ = listener.Queue.Add(this);
            _listeners.Add(listener);
        }
    }

    internal long NextDeadline => _questions.First is { } first ? first.Value.Deadline : long.MaxValue;

    internal int QuestionCount => _questions.Count;

    internal IReadOnlyList<Endpoint> Servers => _options.NameServers;

    internal UserGateway Gateway => _gateway;

    /// <inheritdoc/>
    public override bool Fire(Base.WaitQueue.Entry entry, PollEvents events)
    {
        _isMarked = true;
        return true;
    }

    internal void Run(long now)
    {
        while (_questions.First is { } first && first.Value.Deadline <= now)
        {
            first.Value.OnDeadline();
        }

        if (!_isMarked)
        {
            return;
        }

        _isMarked = false;
        foreach (var socket in _datagrams)
        {
            while (socket.Receive(_gateway.Scratch, peek: false, out var about).Ok(out var count))
            {
                var client = about.Source;
                Ask(_gateway.Scratch.AsSpan(0, count).ToArray(), isStream: false, response => _ = socket.Send(response, client));
            }
        }

        foreach (var listener in _listeners)
        {
            while (listener.Accept().Ok(out var client))
            {
                if (_streams.Count < MostQuestions)
                {
                    _ = _streams.Add(new DnsStream(this, client));
                }
                else
                {
                    client.Close(hard: true);
                }
            }
        }

        foreach (var stream in _streams.ToArray())
        {
            stream.Run();
        }
    }

    /// <summary>A stream of the guest has ended.</summary>
    internal void Remove(DnsStream stream) => _ = _streams.Remove(stream);

    /// <summary>Asks the host's servers.</summary>
    /// <param name="query">The guest's question.</param>
    /// <param name="isStream">It came by TCP, and goes on by TCP.</param>
    /// <param name="answer">Gets the response.</param>
    internal void Ask(byte[] query, bool isStream, Action<byte[]> answer)
    {
        if (!DnsMessage.TryReadQuery(query, out var name, out var end))
        {
            return; // nothing that could be answered
        }

        if (!_options.Policy.MayResolve(name))
        {
            _options.Refused?.Invoke($"the name {name} is not allowed");
            answer(DnsMessage.Fail(query, end, DnsMessage.Refused));
        }
        else if (_questions.Count >= MostQuestions || Servers.Count == 0)
        {
            answer(DnsMessage.Fail(query, end, DnsMessage.ServerFailure));
        }
        else
        {
            new DnsQuestion(this, query, isStream, (ushort)_options.Random(), answer).Start();
        }
    }

    /// <summary>A question waits until its deadline, which is later than all others'.</summary>
    internal void Add(DnsQuestion question) => _questions.AddLast(question.Node);

    internal void Remove(DnsQuestion question)
    {
        if (question.Node.List is { } list)
        {
            list.Remove(question.Node);
        }
    }

    /// <summary>A response for the guest: what it opens, and on its way.</summary>
    internal void Allow(ReadOnlySpan<byte> response)
    {
        if (DnsMessage.TryReadQuestion(response, out var name, out _))
        {
            foreach (var (address, seconds) in DnsMessage.ReadAddresses(response))
            {
                _options.Policy.Grant(name, address, seconds, _gateway.Stack.Now);
            }
        }
    }

    internal byte[] Fail(byte[] query)
    {
        _ = DnsMessage.TryReadQuery(query, out _, out var end);
        return DnsMessage.Fail(query, end, DnsMessage.ServerFailure);
    }

    public void Dispose()
    {
        while (_questions.First is { } first)
        {
            first.Value.Close();
        }

        foreach (var stream in _streams.ToArray())
        {
            stream.Close();
        }

        _datagrams.ForEach(socket => socket.Close());
        _listeners.ForEach(socket => socket.Close());
    }

    /// <summary>A message with its length in front, as streams carry it (RFC 1035, section 4.2.2).</summary>
    internal static byte[] Framed(ReadOnlySpan<byte> message)
    {
        var framed = new byte[2 + message.Length];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)message.Length);
        message.CopyTo(framed.AsSpan(2));
        return framed;
    }
}
