using System.Text;
using Dragonet.Net;
using TwoStacks;

// One stack serves HTTP, the other asks, over a wire that delays and loses frames: in one process, in virtual time.
// Usage: dotnet run --project samples/TwoStacks [-- FILE.pcapng]
var wire = new Wire(new LinkImpairment { Seed = 7, Delay = 20_000_000, Jitter = 2_000_000, Loss = 0.02, Rate = 100_000_000 });
var recorder = new Recorder();
wire.Pair.A.AddTap(recorder);

var listener = wire.Server.CreateTcp(isV6: false);
_ = listener.Bind(new Endpoint(IPAddress.AnyV4, 80));
_ = listener.Listen(16);
var client = wire.Client.CreateTcp(isV6: false);
_ = client.Connect(new Endpoint(IPAddress.Parse("10.0.0.2"), 80)); // EINPROGRESS: it goes on by itself

var request = Encoding.ASCII.GetBytes("GET / HTTP/1.0\r\n\r\n");
var body = new byte[1_000_000];
var answer = (byte[])[.. Encoding.ASCII.GetBytes($"HTTP/1.0 200 OK\r\nContent-Length: {body.Length}\r\n\r\n"), .. body];
TcpSocket? connection = null;
var buffer = new byte[65536];
var (asked, sent, received) = (false, 0, 0);
while (received < answer.Length && wire.Step())
{
    if (!asked && client.State == TcpState.Established)
    {
        Console.WriteLine($"{wire.Milliseconds,8:F1} ms  connected");
        asked = client.Send(request).IsOk;
    }

    if (connection is null && listener.Accept().Ok(out var accepted))
    {
        connection = accepted;
    }

    if (connection is not null)
    {
        if (sent == 0 && connection.Receive(buffer).Ok(out var count))
        {
            Console.WriteLine($"{wire.Milliseconds,8:F1} ms  asked: {Encoding.ASCII.GetString(buffer, 0, count).TrimEnd()}");
            sent = connection.Send(answer).Ok(out count) ? count : 0;
        }
        else if (sent > 0 && sent < answer.Length)
        {
            sent += connection.Send(answer.AsSpan(sent)).Ok(out count) ? count : 0; // EAGAIN: its buffer is full
        }
    }

    while (client.Receive(buffer).Ok(out var got) && got > 0)
    {
        received += got;
    }
}

Console.WriteLine($"{wire.Milliseconds,8:F1} ms  {received} bytes arrived; {wire.Server.Counters.TcpRetransmitted} segments were sent again");
if (args.Length > 0)
{
    recorder.Save(args[0]);
}

return received == answer.Length ? 0 : 1;
