namespace Dragonet.Kernel;

/// <summary>One message of a System V queue.</summary>
public sealed class QueuedMessage(long type, byte[] text)
{
    public long Type { get; } = type;

    public byte[] Text { get; } = text;
}
