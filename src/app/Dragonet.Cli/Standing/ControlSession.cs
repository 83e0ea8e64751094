using System.IO;
using Dragonet.Control;

namespace Dragonet.Cli.Standing;

/// <summary>One request to a kernel, and its answer.</summary>
internal sealed class ControlSession(ControlServer server, FrameChannel frames)
{
    internal void Run()
    {
        var request = FrameChannel.Parse(frames.Read(), FrameKind.Request, ControlJson.Default.ControlRequest);
        try
        {
            if (request.Verb == ControlVerb.Exec)
            {
                Execute(Find(request), request.Exec ?? throw new ControlException("exec: no program"));
                return;
            }

            if (request.Verb is ControlVerb.Archive or ControlVerb.Extract)
            {
                Copy(Find(request), Settings(request).FirstOrDefault().Value, outwards: request.Verb == ControlVerb.Archive);
                return;
            }

            if (request.Verb == ControlVerb.Create && request.Exec is { } program)
            {
                Create(Settings(request), program);
                return;
            }

            if (request.Verb == ControlVerb.Wait)
            {
                Wait(Find(request), Number(request, 3600, "wait: no number of seconds", least: 0));
            }

            if (request.Verb == ControlVerb.Events)
            {
                var events = new LineRelay(frames);
                events.Run(() => new EventRelay(server.Kernel, events, request.Jail));
                return;
            }

            if (request.Verb == ControlVerb.Trace)
            {
                var (traced, calls) = (FindAny(request), new LineRelay(frames));
                var pid = Settings(request).Count > 0 ? Number(request, int.MaxValue, "trace: no process number") : 0;
                if (pid != 0 && !traced.Processes.Any(process => process.Pid == pid))
                {
                    throw new ControlException($"trace: no process {pid} in jail \"{traced.Name}\"");
                }

                calls.Run(() => server.Kernel.Trace(traced, pid, line => calls.Add(line + "\n")));
                return;
            }

            if (request.Verb == ControlVerb.Console)
            {
                if (!Settings(request).Exists(static pair => pair.Key == "log") && FindAny(request).Console is { } terminal)
                {
                    new ConsoleSession(frames, terminal).Run();
                    return;
                }

                var (log, console) = (request.Jail is null ? null : server.Logs.GetOrAdd(Find(request).Id, _ => new ProgramLog()), new LineRelay(frames));
                console.Run(() => log is null ? ConsoleRelay.Of(server.Kernel, console) : ConsoleRelay.Of(log, console));
                return;
            }

            if (request.Verb == ControlVerb.Restart)
            {
                Restart(Find(request));
                return;
            }

            if (request.Verb == ControlVerb.Capture)
            {
                new CaptureRelay(server.Kernel, frames, request).Run();
                return;
            }

            var patience = TimeSpan.FromSeconds(request is { Verb: ControlVerb.Halt, Settings.Count: > 0 } ? Number(request, 3600, "halt: no number of seconds", least: 0) : ControlServer.Patience);
            Reply(Answer(request));
            if (request.Verb == ControlVerb.Halt)
            {
                server.Halt(patience);
                _ = frames.Read(); // stays open until the process is gone: that is what the client waits for
            }
        }
        catch (Exception failure) when (failure is DragonetException or ControlException)
        {
            Reply(new ControlReply { Error = failure.Message });
        }
        catch (ProgramException failure)
        {
            Reply(new ControlReply { Error = failure.Message, ExitCode = failure.IsMissing ? CommandException.NotFound : CommandException.CannotExecute });
        }
        catch (Exception bug) when (ReportOops(request, bug))
        {
            Reply(new ControlReply { Error = $"oops: {request.Verb}: {bug.GetType().Name}: the kernel's log says more", ExitCode = CommandException.Ours });
        }
    }

    /// <summary>A bug on the way of one request ends that, as one in a system call ends its process: the kernel and its jails go on.</summary>
    /// <returns>True: it is reported. The end of the connection is none.</returns>
    private static bool ReportOops(ControlRequest request, Exception bug)
    {
        if (bug is IOException)
        {
            return false;
        }

        Console.Error.WriteLine($"dragonet: oops: request '{request.Verb}': {bug}");
        return true;
    }

    private ControlReply Answer(ControlRequest request)
    {
        switch (request.Verb)
        {
            case ControlVerb.Info:
                return new ControlReply { Values = new(server.Information) };
            case ControlVerb.Create:
                return Describe(Keep(server.Kernel.Jails.Create(Settings(request)), request));
            case ControlVerb.Clone:
                var settings = Settings(request);
                return Describe(server.Kernel.Jails.Clone(Find(request), settings.Find(pair => pair.Key == "name").Value ?? throw new ControlException("clone: no name"), settings.FindAll(pair => pair.Key != "name")));
            case ControlVerb.Modify:
                var jail = Find(request);
                jail.Set(Settings(request));
                return Describe(Keep(jail, request));
            case ControlVerb.Remove:
                var removed = Find(request);
                removed.Remove();
                return Describe(removed);
            case ControlVerb.List:
                return Describe(request.Jail is null ? [.. server.Kernel.Jails.List()] : [Find(request)]);
            case ControlVerb.Processes or ControlVerb.Wait:
                return new ControlReply { Processes = [.. FindAny(request).Processes.Select(process => new ControlProcess { Pid = process.Pid, Jail = process.Jail, Name = process.Name })] };
            case ControlVerb.Activity:
                return new ControlReply { Text = ViewText.Of(FindAny(request).Activity) };
            case ControlVerb.Files:
                return new ControlReply { Text = ViewText.Of(FindAny(request).OpenFiles) };
            case ControlVerb.Signal:
                var target = Find(request);
                target.Signal(Number(request, 64, "signal: no signal number"));
                return Describe(target);
            case ControlVerb.Census:
                return new ControlReply { Values = new(request.Jail is null ? server.Kernel.TakeCensus() : Find(request).TakeCensus()) };
            case ControlVerb.Usage:
                return new ControlReply { Values = FindAny(request).Usage.ToDictionary(each => each.Resource, each => $"{each.Held} {each.MaxHeld} {(each.Limit is { } limit ? limit : "-")} {each.Failures}") };
            case ControlVerb.Resources:
                return new ControlReply { Text = string.Concat((request.Settings ?? []).Select(setting => ResourceRequests.Answer(server.Kernel.Resources, setting.Name, setting.Value ?? ""))) };
            case ControlVerb.Network:
                return new ControlReply { Rows = NetworkRequests.Answer(server.Kernel.Networks, request.Jail, [.. (request.Settings ?? []).Select(setting => setting.Name)]) };
            case ControlVerb.Logs:
                return new ControlReply { Text = server.Logs.TryGetValue(Find(request).Id, out var log) ? log.Text : "" };
            case ControlVerb.Halt:
                return new ControlReply();
            default:
                throw new ControlException($"unknown request '{request.Verb}'");
        }
    }

    private void Create(List<KeyValuePair<string, string?>> settings, ExecRequest program)
    {
        // The answer comes when the program runs; the jail ends with it unless it is to persist. A command that cannot be started, or fails,
        // takes the jail with it, as jail(8) does with every step of a creation.
        ProgramRelay? relay = null;
        GuestJail? created = null;
        var succeeded = false;
        try
        {
            var (jail, _) = server.Kernel.Jails.CreateAndStart(settings, made => (relay = Start(created = made, program)).Process);
            ReplyOrEnd(relay!, jail);
            succeeded = program.KeepsJail;
            relay!.Run(status =>
            {
                // Before the client hears of the end.
                succeeded = status == 0 || program.KeepsJail;
                if (!succeeded)
                {
                    created!.Remove();
                }
            });
        }
        finally
        {
            if (!succeeded)
            {
                created?.Remove();
            }
        }
    }

    private void Copy(GuestJail jail, string? path, bool outwards)
    {
        Reply(outwards && path is null ? new ControlReply { Rows = [.. jail.ForeignDirectories.Select(static left => new Dictionary<string, string> { ["path"] = left })] } : new ControlReply());
        using var stream = new FrameStream(frames, outwards ? FrameKind.Output : FrameKind.Input, writes: outwards);
        try
        {
            if (outwards)
            {
                using var buffered = new BufferedStream(stream, 256 * 1024);
                if (path is null)
                {
                    jail.ReadSystem(buffered);
                }
                else
                {
                    jail.ReadFiles(path, buffered);
                }
            }
            else
            {
                jail.WriteFiles(path ?? "/", stream);
                stream.CopyTo(Stream.Null); // what is behind the end of the archive
            }
        }
        catch (DragonetException failure)
        {
            if (!outwards)
            {
                stream.CopyTo(Stream.Null); // the client listens when it has said everything
            }

            frames.Write(FrameKind.Error, System.Text.Encoding.UTF8.GetBytes(failure.Message));
            return;
        }

        frames.Write(FrameKind.Exit, [0, 0, 0, 0]);
    }

    /// <summary>Waits as long as the client does.</summary>
    private void Wait(GuestJail jail, int seconds)
    {
        using var over = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        var listener = new Thread(() =>
        {
            try
            {
                _ = frames.Read();
                over.Cancel();
            }
            catch (Exception failure) when (failure is IOException or ControlException or ObjectDisposedException)
            {
                // Whichever end it was: nobody waits any more, and perhaps the wait is over already.
            }
        }, 64 * 1024) { IsBackground = true, Name = "hang-up" };
        listener.Start();
        try
        {
            jail.WaitUntilEmptyAsync(over.Token).GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            // The answer says who still runs.
        }
    }

    private void Execute(GuestJail jail, ExecRequest program)
    {
        var relay = Start(jail, program);
        if (program.Detached)
        {
            relay.Run(); // it needs no client, not even one that hears of it
            Reply(Describe(jail));
            return;
        }

        ReplyOrEnd(relay, jail);
        relay.Run();
    }

    /// <summary>SIGTERM, ten seconds, SIGKILL; then once more what runs in it by itself. Its files stay.</summary>
    private void Restart(GuestJail jail)
    {
        const int terminate = 15, kill = 9;
        var program = server.Programs.TryGetValue(jail.Id, out var known) ? known : throw new ControlException($"restart: nothing runs in \"{jail.Name}\" by itself ('dragonet run --name {jail.Name} -d')");
        jail.Signal(terminate);
        using (var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10)))
        {
            try
            {
                jail.WaitUntilEmptyAsync(patience.Token).GetAwaiter().GetResult();
            }
            catch (OperationCanceledException)
            {
                jail.Signal(kill);
                jail.WaitUntilEmptyAsync().GetAwaiter().GetResult();
            }
        }

        jail.Set([new("console", jail.Get("console"))]);
        Execute(jail, program);
    }

    private ProgramRelay Start(GuestJail jail, ExecRequest program)
    {
        if (program.Detached)
        {
            server.Programs[jail.Id] = program;
        }

        return StartRelay(jail, program);
    }

    private ProgramRelay StartRelay(GuestJail jail, ExecRequest program)
        => new(frames, jail, program, program.Detached ? server.Logs.GetOrAdd(jail.Id, _ => new ProgramLog()) : null);

    private GuestJail Keep(GuestJail jail, ControlRequest request)
    {
        if (request.Stop is { } plan)
        {
            server.Stops.Keep(jail, plan);
        }

        return jail;
    }

    /// <summary>A client that is gone before it hears that its program runs leaves nothing behind.</summary>
    private void ReplyOrEnd(ProgramRelay relay, GuestJail jail)
    {
        try
        {
            Reply(Describe(jail));
        }
        catch
        {
            relay.Dispose();
            throw;
        }
    }

    private void Reply(ControlReply reply) => frames.Write(FrameKind.Reply, reply, ControlJson.Default.ControlReply);

    private static ControlReply Describe(params IReadOnlyList<GuestJail> jails) => new() { Jails = [.. jails.Select(jail => new Dictionary<string, string>(jail.GetAll()))] };

    private GuestJail Find(ControlRequest request)
        => request.Jail is { } name ? server.Kernel.Jails.Find(name) ?? throw new ControlException($"jail \"{name}\" not found") : throw new ControlException($"{request.Verb}: no jail was named");

    private GuestJail FindAny(ControlRequest request) => request.Jail is null ? server.Kernel.Jails.Root : Find(request);

    private static int Number(ControlRequest request, int most, string failure, int least = 1)
        => int.TryParse(Settings(request).FirstOrDefault().Value, out var number) && number >= least && number <= most ? number : throw new ControlException(failure);

    private static List<KeyValuePair<string, string?>> Settings(ControlRequest request)
        => [.. (request.Settings ?? []).Select(setting => new KeyValuePair<string, string?>(setting.Name, setting.Value))];
}
