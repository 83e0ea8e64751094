namespace Dragonet.Kernel;

/// <summary>One disposition, as rt_sigaction(2) passes it.</summary>
/// <param name="Handler">SIG_DFL (0), SIG_IGN (1) or an address.</param>
/// <param name="Flags">SA_*.</param>
/// <param name="Restorer">The return trampoline of the C library.</param>
/// <param name="Mask">Signals blocked while the handler runs; bit n-1 is signal n.</param>
public readonly record struct SignalAction(ulong Handler, ulong Flags, ulong Restorer, ulong Mask)
{
    public bool IsDefault => Handler == 0;

    public bool IsIgnored => Handler == 1;
}
