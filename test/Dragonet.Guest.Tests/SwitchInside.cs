using System.Diagnostics;
using Dragonet.Switching;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>A switch in this process.</summary>
internal sealed class SwitchInside : IDisposable
{
    private readonly NetworkSwitch _network;
    private readonly Thread _thread;

    internal SwitchInside(string path)
    {
        _network = NetworkSwitch.Open(new NetworkSwitchOptions { Path = path });
        _thread = new Thread(_network.Run);
        _thread.Start();
    }

    internal void Until(Func<bool> condition)
    {
        for (var watch = Stopwatch.StartNew(); !condition();)
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(60) && _thread.IsAlive);
        }
    }

    public void Dispose()
    {
        _network.Stop();
        _thread.Join();
        _network.Dispose();
    }
}
