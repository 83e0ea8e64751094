namespace Dragonet.Cli.Standing;

/// <summary>What a kernel says, or what the programs of a jail print that run by themselves, as it comes, for one client.</summary>
internal sealed class ConsoleRelay : IDisposable
{
    private readonly Action _end;

    private ConsoleRelay(Action end) => _end = end;

    internal static ConsoleRelay Of(DragonetKernel kernel, LineRelay relay)
    {
        void OnWritten(string line) => relay.Add(line + "\n");
        relay.Add(kernel.Messages);
        kernel.MessageWritten += OnWritten;
        return new ConsoleRelay(() => kernel.MessageWritten -= OnWritten);
    }

    internal static ConsoleRelay Of(ProgramLog log, LineRelay relay)
    {
        log.Follow(relay.Add);
        return new ConsoleRelay(() => log.Unfollow(relay.Add));
    }

    public void Dispose() => _end();
}
