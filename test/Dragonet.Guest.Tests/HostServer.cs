using System.Net;
using System.Net.Sockets;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>A TCP server of this process, with a thread for each client.</summary>
internal sealed class HostServer : IDisposable
{
    private readonly Socket _listener;
    private readonly Action<Socket> _serve;
    private readonly List<Thread> _threads = []; // guarded by itself

    internal HostServer(bool isV6, Action<Socket> serve)
        : this(isV6 ? IPAddress.IPv6Loopback : IPAddress.Loopback, serve)
    {
    }

    internal HostServer(IPAddress address, Action<Socket> serve)
    {
        _serve = serve;
        _listener = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        _listener.Bind(new IPEndPoint(address, 0));
        _listener.Listen(512);
        new Thread(Accept) { IsBackground = true }.Start();
    }

    internal int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    public void Dispose() => _listener.Dispose();

    /// <summary>Waits until every client that came is done.</summary>
    internal void WaitForAll()
    {
        Thread[] threads;
        lock (_threads)
        {
            threads = [.. _threads];
        }

        Assert.All(threads, thread => Assert.True(thread.Join(TimeSpan.FromSeconds(60))));
    }

    private void Accept()
    {
        try
        {
            while (true)
            {
                var client = _listener.Accept();
                var thread = new Thread(() => Serve(client)) { IsBackground = true };
                lock (_threads)
                {
                    _threads.Add(thread);
                }

                thread.Start();
            }
        }
        catch (SocketException)
        {
            // closed
        }
        catch (ObjectDisposedException)
        {
            // closed
        }
    }

    private void Serve(Socket client)
    {
        try
        {
            using (client)
            {
                _serve(client);
            }
        }
        catch (SocketException)
        {
            // the client is gone, and says so itself when that is wrong
        }
    }
}
