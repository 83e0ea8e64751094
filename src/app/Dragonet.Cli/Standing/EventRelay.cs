using System.Collections.Concurrent;
using System.Globalization;
using System.IO;
using System.Text;
using Dragonet.Control;

namespace Dragonet.Cli.Standing;

/// <summary>Tells one client what happens, until it hangs up. A client that does not listen loses events, and nobody waits for it.</summary>
internal sealed class EventRelay(DragonetKernel kernel, FrameChannel frames, string? jail)
{
    private const int MostWaiting = 4096;

    private readonly BlockingCollection<string> _lines = new(MostWaiting);

    internal void Run()
    {
        kernel.Jails.Changed += OnChanged;
        kernel.Resources.LimitHit += OnLimit;
        try
        {
            frames.Write(FrameKind.Reply, new ControlReply(), ControlJson.Default.ControlReply);
            new Thread(Send, 256 * 1024) { IsBackground = true, Name = "events" }.Start();
            while (frames.Read() is not null)
            {
                // It has nothing to say: the end of the stream is what counts.
            }
        }
        finally
        {
            kernel.Jails.Changed -= OnChanged;
            kernel.Resources.LimitHit -= OnLimit;
            _lines.CompleteAdding();
        }
    }

    private void OnChanged(JailChange change)
    {
        if (change.What is "created" or "modified" or "removed" or "gone")
        {
            Add(change.Name, $"jail={change.Name} jid={change.Id.ToString(CultureInfo.InvariantCulture)} event={change.What}\n");
        }
    }

    private void OnLimit(LimitEvent hit) => Add(hit.Jail, string.Create(CultureInfo.InvariantCulture,
        $"jail={hit.Jail} jid={hit.JailId} event=limit resource={hit.Resource} limit={hit.Limit} action={hit.Action} pid={hit.Pid} syscall={hit.SystemCall}\n"));

    private void Add(string name, string line)
    {
        if ((jail is null || name == jail || name.StartsWith(jail + ".", StringComparison.Ordinal)) && !_lines.IsAddingCompleted)
        {
            _ = _lines.TryAdd(line);
        }
    }

    private void Send()
    {
        try
        {
            foreach (var line in _lines.GetConsumingEnumerable())
            {
                frames.Write(FrameKind.Output, Encoding.UTF8.GetBytes(line));
            }
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException)
        {
            // The client has hung up: Run sees that, too.
        }
    }
}
