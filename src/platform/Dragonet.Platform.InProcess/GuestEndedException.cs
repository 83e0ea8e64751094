namespace Dragonet.Platform.InProcess;

/// <summary>Unwinds the delegate of a guest thread that has ended: exit, exec, a fatal signal.</summary>
internal sealed class GuestEndedException : Exception
{
    internal GuestEndedException()
        : base("the guest thread has ended")
    {
    }
}
