using System.IO;
using Dragonet.Networking;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>What passed in a kernel, as a file, which tshark reads.</summary>
internal sealed class CaptureFile : IDisposable
{
    /// <summary>What TCP and UDP carry is not ours: from ports and first bytes tshark guesses protocols in it, of which random data is no
    /// good example.</summary>
    private const string Wrong = "(_ws.malformed && !(tcp.len > 0) && !(udp.length > 8)) || ip.checksum.status == \"Bad\" || tcp.checksum.status == \"Bad\" || udp.checksum.status == \"Bad\" "
        + "|| icmp.checksum.status == \"Bad\" || icmpv6.checksum.status == \"Bad\"";

    private readonly string _path;
    private readonly FileStream _file;
    private readonly IDisposable _capture;

    internal CaptureFile(DragonetKernel kernel, CaptureOptions options, string path)
    {
        _path = path;
        _file = File.Create(path);
        _capture = kernel.Networks.Capture(options, bytes => _file.Write(bytes.Span));
    }

    /// <summary>Ends it; no frame is malformed, and no checksum is wrong.</summary>
    /// <param name="linux">Which frames the host's Linux sent, for tshark: a sum of TCP of 0xffff is the other zero, which Linux writes
    /// (skb_checksum_help) and tshark calls bad. Ours is never that.</param>
    /// <returns>How many frames there are.</returns>
    internal int Check(string? linux = null)
    {
        Dispose();
        return Check(_path, linux);
    }

    /// <summary>The same for a file.</summary>
    internal static int Check(string path, string? linux = null)
    {
        HostTool.Require("tshark", "tshark");
        var options = ((string[])["ip", "tcp", "udp"]).SelectMany(protocol => new[] { "-o", protocol + ".check_checksum:TRUE" }).ToArray();
        var directory = Path.GetDirectoryName(path)!;
        var all = HostTool.Run("tshark", ["-r", path, .. options, "-T", "fields", "-e", "frame.number"], directory, TimeSpan.FromSeconds(100));
        var wrong = HostTool.Run("tshark", ["-r", path, .. options, "-Y", linux is null ? Wrong : $"({Wrong}) && !(tcp.checksum == 0xffff && ({linux}))"], directory, TimeSpan.FromSeconds(100));
        Assert.Equal("", wrong.Output);
        Assert.Equal(0, wrong.Status);
        var count = all.Output.Count(letter => letter == '\n');
        Assert.True(count > 0, all.Error);
        return count;
    }

    public void Dispose()
    {
        _capture.Dispose();
        _file.Dispose();
    }
}
