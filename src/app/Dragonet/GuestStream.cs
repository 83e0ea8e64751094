namespace Dragonet;

/// <summary>What a standard stream of a guest program is connected to.</summary>
public sealed class GuestStream
{
    private GuestStream(Kind kind, int descriptor = -1, GuestTerminal? terminal = null)
    {
        Type = kind;
        Descriptor = descriptor;
        Console = terminal;
    }

    internal enum Kind
    {
        Null,
        Pipe,
        Host,
        Terminal,
    }

    /// <summary>/dev/null.</summary>
    public static GuestStream Null { get; } = new(Kind.Null);

    /// <summary>A pipe whose other end the started process gives as a stream.</summary>
    public static GuestStream Pipe { get; } = new(Kind.Pipe);

    internal Kind Type { get; }

    internal int Descriptor { get; }

    internal GuestTerminal? Console { get; }

    /// <summary>A terminal made by <see cref="DragonetKernel.CreateTerminal"/>; it becomes the program's controlling terminal.</summary>
    public static GuestStream Terminal(GuestTerminal terminal) => new(Kind.Terminal, terminal: terminal);

    /// <summary>A descriptor of this host process; it stays open.</summary>
    public static GuestStream Host(int descriptor) => new(Kind.Host, descriptor);
}
