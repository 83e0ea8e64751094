using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Platform;

namespace Dragonet.Kernel.Tests;

/// <summary>A platform without programs: tests make the calls themselves.</summary>
internal sealed class FakePlatform(FakeClock clock) : IPlatform
{
    public long MonotonicNanoseconds => 0;

    public long RealtimeNanoseconds => 0;

    public ulong VdsoAddress => 0;

    public (ulong HwCap, ulong HwCap2) HardwareCapabilities => default;

    public ulong MinimumSignalStack => 2048;

    public bool HasNativeFutex => false;

    public void Start(ITrapHandler handler)
    {
    }

    public Result<VmThread> CreateSpace() => Errno.ENOMEM;

    public Result<IMemoryBacking> CreateMemory(string name) => Errno.ENOMEM;

    public void Fill(Span<byte> entropy) => entropy.Clear();

    public IHostAlarm CreateAlarm(IEnumerable<int>? processors = null) => new FakeAlarm(clock);

    public IHostStream OpenStream(int descriptor) => throw new NotSupportedException();

    public void Dispose()
    {
    }
}
