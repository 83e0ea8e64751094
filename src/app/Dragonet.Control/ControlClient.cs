using System.Buffers.Binary;
using System.IO;
using System.Net.Sockets;

namespace Dragonet.Control;

/// <summary>One connection to a kernel: one request, and for a program its streams.</summary>
public sealed class ControlClient : IDisposable
{
    private readonly string _kernel;
    private readonly Socket _socket;
    private readonly NetworkStream _stream;
    private readonly FrameChannel _frames;

    private ControlClient(string kernel, Socket socket)
    {
        _kernel = kernel;
        _socket = socket;
        _stream = new NetworkStream(socket, ownsSocket: true);
        _frames = new FrameChannel(_stream, Frame.MostOfAnswer);
    }

    /// <summary>Connects to a kernel.</summary>
    /// <exception cref="ControlException">It does not run.</exception>
    public static ControlClient Connect(string kernel)
    {
        var paths = ControlPaths.Of(kernel);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(paths.Socket));
            return new ControlClient(kernel, socket);
        }
        catch (Exception failure) when (failure is SocketException or ArgumentException)
        {
            socket.Dispose();
            if (failure is SocketException { SocketErrorCode: SocketError.AccessDenied })
            {
                throw new ControlException($"kernel '{kernel}' is not yours to command: 'boot --group' lets a group do so", failure);
            }

            throw new ControlException($"kernel '{kernel}' does not run: 'dragonet boot {kernel}' starts it", failure) { NothingRuns = true };
        }
    }

    /// <summary>Asks one thing of a kernel.</summary>
    /// <exception cref="ControlException">It does not run, or says no.</exception>
    public static ControlReply Ask(string kernel, ControlRequest request)
    {
        using var client = Connect(kernel);
        return client.Ask(request);
    }

    /// <summary>Sends the request and waits for the answer.</summary>
    /// <exception cref="ControlException">The kernel says no, or is gone.</exception>
    public ControlReply Ask(ControlRequest request)
    {
        try
        {
            _frames.Write(FrameKind.Request, request, ControlJson.Default.ControlRequest);
        }
        catch (IOException failure)
        {
            throw Ended(failure);
        }

        return FrameChannel.Parse(Next(), FrameKind.Reply, ControlJson.Default.ControlReply);
    }

    /// <summary>After the answer to a program that was started: joins its streams with ours until it ends.</summary>
    /// <param name="input">Read until its end, by another thread.</param>
    /// <param name="output">Gets its output.</param>
    /// <param name="error">Gets its errors.</param>
    /// <returns>Its status, as a shell shows it.</returns>
    /// <exception cref="ControlException">The kernel is gone, or nobody takes the output.</exception>
    public int Relay(Stream input, Stream output, Stream error)
    {
        new Thread(() => Feed(input), 256 * 1024) { IsBackground = true, Name = "input" }.Start();
        while (true)
        {
            var frame = Next();
            switch (frame.Kind)
            {
                case FrameKind.Output or FrameKind.Error:
                    PassOn(frame, frame.Kind == FrameKind.Output ? output : error);
                    break;
                case FrameKind.Exit when frame.Bytes.Length == 4:
                    return BinaryPrimitives.ReadInt32LittleEndian(frame.Bytes.Span);
                default:
                    throw new ControlException("the kernel sent what was not asked for");
            }
        }
    }

    /// <summary>After <see cref="ControlVerb.Halt"/>: waits until the kernel's process is gone, which is when the connection ends.</summary>
    public void WaitForEnd()
    {
        try
        {
            while (_frames.Read() is not null)
            {
                // nothing is said any more
            }
        }
        catch (IOException)
        {
            // that was the end
        }
    }

    /// <summary>The next piece of what the kernel tells, after the answer to <see cref="ControlVerb.Events"/>; null when it has ended.</summary>
    public ReadOnlyMemory<byte>? ReadOutput()
    {
        try
        {
            return _frames.Read() is { Kind: FrameKind.Output } frame ? frame.Bytes : null;
        }
        catch (IOException)
        {
            return null; // the kernel is gone
        }
    }

    /// <summary>After the answer to <see cref="ControlVerb.Archive"/>: what comes. An <see cref="IOException"/> says what went wrong.</summary>
    public Stream OpenOutput() => new FrameStream(_frames, FrameKind.Output, writes: false);

    /// <summary>After the answer to <see cref="ControlVerb.Extract"/>: sends everything, and says that it was all.</summary>
    /// <exception cref="IOException">The kernel is gone.</exception>
    public void SendInput(Stream source)
    {
        ArgumentNullException.ThrowIfNull(source);
        using var frames = new FrameStream(_frames, FrameKind.Input, writes: true);
        source.CopyTo(frames);
        _frames.Write(FrameKind.Input, []);
    }

    /// <summary>Tells the program's terminal another size.</summary>
    public void Resize(int rows, int columns) => Tell(FrameKind.Resize, [(byte)rows, (byte)(rows >> 8), (byte)columns, (byte)(columns >> 8)]);

    /// <summary>Sends a signal to the program.</summary>
    public void Signal(int number) => Tell(FrameKind.Signal, [(byte)number]);

    /// <inheritdoc/>
    public void Dispose()
    {
        _stream.Dispose();
        _socket.Dispose();
    }

    private static void PassOn(Frame frame, Stream target)
    {
        try
        {
            target.Write(frame.Bytes.Span);
            target.Flush();
        }
        catch (IOException failure)
        {
            throw new ControlException($"what the program prints cannot be written: {failure.Message}", failure);
        }
    }

    /// <summary>The next frame where one must come.</summary>
    private Frame Next()
    {
        try
        {
            return _frames.Read() ?? throw Ended(null);
        }
        catch (IOException failure)
        {
            throw Ended(failure);
        }
    }

    /// <summary>It died, or hung up: a kernel says why in its log.</summary>
    private ControlException Ended(IOException? failure) => new($"kernel '{_kernel}' ended the connection: its log is {ControlPaths.Of(_kernel).Log}", failure);

    private void Feed(Stream input)
    {
        var buffer = new byte[65536];
        while (true)
        {
            int count;
            try
            {
                count = input.Read(buffer);
            }
            catch (Exception failure) when (failure is IOException or ObjectDisposedException)
            {
                count = 0; // a terminal that is gone has no more to say, nor one that is closed because the program has ended
            }

            if (!Tell(FrameKind.Input, buffer.AsSpan(0, count)) || count == 0)
            {
                return;
            }
        }
    }

    /// <summary>What is said to a program that has ended is not missed.</summary>
    private bool Tell(FrameKind kind, ReadOnlySpan<byte> bytes)
    {
        try
        {
            _frames.Write(kind, bytes);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
