namespace Dragonet.Kernel;

/// <summary>What a wait found.</summary>
/// <param name="Process">The child.</param>
/// <param name="Status">Wait status as wait4(2) gives it.</param>
/// <param name="Code">CLD_*.</param>
public sealed record WaitReport(Process Process, int Status, int Code)
{
    /// <summary>si_status of waitid(2).</summary>
    public int InfoStatus => Code switch
    {
        1 => Status >> 8 & 0xff,  // CLD_EXITED
        5 => Status >> 8 & 0xff,  // CLD_STOPPED
        6 => Sig.CONT,            // CLD_CONTINUED
        _ => Status & 0x7f,
    };
}
