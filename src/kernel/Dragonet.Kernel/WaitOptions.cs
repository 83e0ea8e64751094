namespace Dragonet.Kernel;

/// <summary>Options of wait4(2) and waitid(2).</summary>
[Flags]
public enum WaitOptions : uint
{
    None = 0,
    NoHang = 1,
    Stopped = 2,
    Exited = 4,
    Continued = 8,
    NoWait = 0x0100_0000,
    NoThread = 0x2000_0000,
    All = 0x4000_0000,
    Clone = 0x8000_0000,
}
