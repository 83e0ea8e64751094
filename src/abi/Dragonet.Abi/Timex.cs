using System.Runtime.InteropServices;

namespace Dragonet.Abi;

/// <summary>struct timex (sys/timex.h), 208 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Size = 208)]
public struct timex
{
    public uint modes;
    private readonly int _pad1;
    public long offset;
    public long freq;
    public long maxerror;
    public long esterror;
    public int status;
    private readonly int _pad2;
    public long constant;
    public long precision;
    public long tolerance;
    public timeval time;
    public long tick;
    public long ppsfreq;
    public long jitter;
    public int shift;
    private readonly int _pad3;
    public long stabil;
    public long jitcnt;
    public long calcnt;
    public long errcnt;
    public long stbcnt;
    public int tai;
}

/// <summary>struct tms (sys/times.h).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct tms
{
    public long tms_utime;
    public long tms_stime;
    public long tms_cutime;
    public long tms_cstime;
}
