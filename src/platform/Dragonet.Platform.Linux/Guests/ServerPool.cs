using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Platform.Linux.Guests;

/// <summary>Host threads that serve listeners; kept for the next one when theirs is done.</summary>
internal sealed class ServerPool
{
    private readonly Lock _lock = new();
    private readonly Stack<Server> _idle = new(); // guarded by _lock
    private bool _stopped;                        // guarded by _lock

    /// <summary>Runs work on a thread of the pool.</summary>
    internal void Run(Action work)
    {
        Server? server;
        lock (_lock)
        {
            if (!_idle.TryPop(out server))
            {
                server = new Server(this);
            }
        }

        server.Give(work);
    }

    /// <summary>Ends the idle threads; busy ones end with their work.</summary>
    internal void Stop()
    {
        lock (_lock)
        {
            _stopped = true;
            while (_idle.TryPop(out var server))
            {
                server.Give(null);
            }
        }
    }

    private bool Park(Server server)
    {
        lock (_lock)
        {
            if (!_stopped)
            {
                _idle.Push(server);
            }

            return !_stopped;
        }
    }

    private sealed class Server
    {
        private readonly ServerPool _pool;
        private readonly Gate _given = new();
        private Action? _work;

        internal Server(ServerPool pool)
        {
            _pool = pool;
            new Thread(Loop, 512 * 1024) { IsBackground = true, Name = "server" }.Start();
        }

        internal void Give(Action? work)
        {
            _work = work;
            _given.Open();
        }

        private void Loop()
        {
            HostScheduling.AskShortTurns();
            do
            {
                _given.Wait();
                if (_work is null)
                {
                    return;
                }

                _work();
            }
            while (_pool.Park(this));
        }
    }
}
