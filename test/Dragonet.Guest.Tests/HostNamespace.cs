using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using Dragonet.Networking;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>The host's Linux in a network namespace of its own, 10.9.0.1 and fd09::1, and a jail ("a", 10.9.0.2 and fd09::2) on the other end of a
/// wire to it, which is bad when that is asked for. Root only.</summary>
internal sealed class HostNamespace : IDisposable
{
    private readonly Process _pump;
    private readonly Stream _toHost;
    private readonly ExternalLink _link;

    internal HostNamespace(string impairment)
    {
        Assert.SkipUnless(Environment.UserName == "root", "only root makes network namespaces and TAP devices");
        Assert.SkipUnless(File.Exists("/dev/net/tun"), "there is no /dev/net/tun");
        HostTool.Require("nsenter", "util-linux");
        HostTool.Require("ip", "iproute2");
        _pump = Process.Start(new ProcessStartInfo("unshare", ["-n", "python3", System.IO.Path.Combine(AppContext.BaseDirectory, "tap.py")])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        _toHost = _pump.StandardInput.BaseStream;
        Assert.Equal("up", _pump.StandardError.ReadLine());
        Kernel = DragonetKernel.Boot();

        // The wire: TAP - br0 of jail 0 - ea ~ bad link ~ eb of the jail. A pair is bad in both directions.
        var networks = Kernel.Networks;
        var header = new byte[2];
        _link = networks.CreateLink("tap", frame =>
        {
            BinaryPrimitives.WriteUInt16LittleEndian(header, (ushort)frame.Length);
            _toHost.Write(header);
            _toHost.Write(frame);
            _toHost.Flush();
        });
        networks.CreateBridge("br0");
        networks.CreatePair("e");
        networks.AddPort("br0", "tap");
        networks.AddPort("br0", "ea");
        Jail = Kernel.Jails.Create([new("name", "a"), new("persist", null), new("overlay", null), new("vnet", null), new("vnet.interface", "eb")]);
        networks.SetUp("lo", up: true, "a");
        networks.SetUp("eb", up: true, "a");
        networks.SetAddress("eb", "10.9.0.2/24", add: true, "a");
        networks.SetAddress("eb", "fd09::2/64", add: true, "a");
        if (impairment != "")
        {
            networks.Impair("eb", impairment, "a");
        }

        new Thread(Pump) { IsBackground = true }.Start();
    }

    internal DragonetKernel Kernel { get; }

    internal GuestJail Jail { get; }

    /// <summary>Runs a script on the host's side.</summary>
    internal ProgramOutcome OnHost(string script, string directory) => HostTool.Run(
        "nsenter", ["-n", "-t", _pump.Id.ToString(CultureInfo.InvariantCulture), "/bin/sh", "-c", script], directory, TimeSpan.FromSeconds(120));

    /// <summary>Starts a script in the jail; a line of its output says that it is ready.</summary>
    internal GuestProcess Serve(string script)
    {
        var process = Jail.Start(new ProgramOptions { Arguments = ["/bin/sh", "-c", script], Output = GuestStream.Pipe, Error = GuestStream.Null });
        Assert.Equal((byte)'r', (byte)process.StandardOutput.ReadByte());
        return process;
    }

    public void Dispose()
    {
        Jail.Dispose();
        _link.Dispose();
        Kernel.Dispose();
        _pump.Kill();
        _pump.WaitForExit();
        _pump.Dispose();
    }

    private void Pump()
    {
        var stream = _pump.StandardOutput.BaseStream;
        var header = new byte[2];
        var buffer = new byte[65536];
        while (stream.ReadAtLeast(header, 2, throwOnEndOfStream: false) == 2)
        {
            var frame = buffer.AsSpan(0, BinaryPrimitives.ReadUInt16LittleEndian(header));
            if (stream.ReadAtLeast(frame, frame.Length, throwOnEndOfStream: false) < frame.Length)
            {
                return;
            }

            _link.Receive(frame);
        }
    }
}
