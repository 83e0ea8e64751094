using System.Globalization;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Net;

namespace Dragonet.Linux.Inet;

/// <summary>What can be set in /proc/sys/net of one stack (Documentation/networking/ip-sysctl.rst of Linux). What is about sockets counts for those
/// that are made afterwards. Inside the stack.</summary>
public sealed class NetworkSettings
{
    private readonly Stack _stack;
    private readonly Dictionary<string, Setting> _settings;
    private readonly InterfaceSettings _interfaces;

    internal NetworkSettings(Stack stack)
    {
        _stack = stack;
        _interfaces = new InterfaceSettings(stack);
        _settings = new()
        {
            ["core/somaxconn"] = Number(() => Backlog, value => Backlog = value, 0, ushort.MaxValue),
            ["ipv4/ip_default_ttl"] = Number(() => _stack.Options.HopLimit, value => _stack.Options.HopLimit = (byte)value, 1, byte.MaxValue),
            ["ipv4/ip_forward"] = new(() => _interfaces.Read("ipv4/conf/all/forwarding")!, text => _interfaces.Write("ipv4/conf/all/forwarding", text)),
            ["ipv4/ip_local_port_range"] = new(ReadPorts, WritePorts),
            ["ipv4/ip_unprivileged_port_start"] = Number(() => FirstUnprivilegedPort, value => FirstUnprivilegedPort = value, 0, ushort.MaxValue),
            ["ipv4/tcp_congestion_control"] = new(ReadCongestion, WriteCongestion),
            ["ipv4/tcp_ecn"] = Number(() => (int)_stack.Options.Ecn, value => _stack.Options.Ecn = (EcnPolicy)value, 0, 2),
            ["ipv4/tcp_fastopen"] = Number(() => _stack.Options.FastOpen, value => _stack.Options.FastOpen = value, int.MinValue, int.MaxValue),
            ["ipv4/tcp_fin_timeout"] = Number(() => _tcp.FinWait2Seconds, value => _tcp.FinWait2Seconds = value, 1, 120),
            ["ipv4/tcp_keepalive_intvl"] = Number(() => _tcp.KeepInterval, value => _tcp.KeepInterval = value, 1, 32767),
            ["ipv4/tcp_keepalive_probes"] = Number(() => _tcp.KeepCount, value => _tcp.KeepCount = value, 1, 127),
            ["ipv4/tcp_keepalive_time"] = Number(() => _tcp.KeepIdle, value => _tcp.KeepIdle = value, 1, 32767),
            ["ipv4/tcp_moderate_rcvbuf"] = Number(() => _stack.TcpMemory.ModeratesReceive ? 1 : 0, value => _stack.TcpMemory.ModeratesReceive = value != 0, 0, byte.MaxValue),
            ["ipv4/tcp_rmem"] = Sizes(() => _stack.TcpMemory.Receive, value => _stack.TcpMemory.Receive = value),
            ["ipv4/tcp_wmem"] = Sizes(() => _stack.TcpMemory.Send, value => _stack.TcpMemory.Send = value),
            ["ipv4/tcp_syn_retries"] = Number(() => _tcp.SynRetries, value => _tcp.SynRetries = value, 1, 127),
            ["ipv4/tcp_syncookies"] = Number(() => _stack.Options.SynCookies ? 1 : 0, value => _stack.Options.SynCookies = value != 0, 0, 2),
        };
    }

    private readonly TcpSettings _tcp = new();

    /// <summary>net.core.somaxconn.</summary>
    internal int Backlog { get; private set; } = SocketOption.SOMAXCONN;

    /// <summary>net.ipv4.ip_unprivileged_port_start.</summary>
    internal int FirstUnprivilegedPort { get; private set; } = 1024;

    /// <summary>The text of a file, or null for one that is not here.</summary>
    public string? Read(string name) => _settings.TryGetValue(name, out var setting) ? setting.Read() : _interfaces.Read(name);

    /// <summary>Takes what is written to a file: EINVAL for what it does not take.</summary>
    public Errno Write(string name, string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return _settings.TryGetValue(name, out var setting) ? setting.Write(text.Trim()) : _interfaces.Write(name, text.Trim());
    }

    /// <summary>Gives a new TCP socket what was set.</summary>
    internal void ApplyTo(TcpSettings settings) =>
        (settings.FinWait2Seconds, settings.KeepInterval, settings.KeepCount, settings.KeepIdle, settings.SynRetries, settings.Congestion) =
            (_tcp.FinWait2Seconds, _tcp.KeepInterval, _tcp.KeepCount, _tcp.KeepIdle, _tcp.SynRetries, _tcp.Congestion);

    private static Setting Number(Func<int> read, Action<int> write, int least, int most) => new(() => read().ToString(CultureInfo.InvariantCulture), text =>
    {
        if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) || number < least || number > most)
        {
            return Errno.EINVAL;
        }

        write(number);
        return Errno.OK;
    });

    /// <summary>Three numbers, each at least 1 (proc_dointvec_minmax of Linux); who writes fewer changes the first ones.</summary>
    private static Setting Sizes(Func<BufferSizes> read, Action<BufferSizes> write) => new(
        () => string.Create(CultureInfo.InvariantCulture, $"{read().Least}\t{read().Initial}\t{read().Most}"),
        text =>
        {
            var (least, initial, most) = read();
            int[] numbers = [least, initial, most];
            var parts = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            for (var i = 0; i < parts.Length; i++)
            {
                if (i >= numbers.Length || !int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out numbers[i]) || numbers[i] < 1)
                {
                    return Errno.EINVAL;
                }
            }

            write(new BufferSizes(numbers[0], numbers[1], numbers[2]));
            return parts.Length > 0 ? Errno.OK : Errno.EINVAL;
        });

    private string ReadPorts() => string.Create(CultureInfo.InvariantCulture, $"{_stack.EphemeralPorts.First}\t{_stack.EphemeralPorts.Last}");

    private Errno WritePorts(string text)
    {
        var parts = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length != 2 || !ushort.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var first)
            || !ushort.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var last) || first == 0 || last < first)
        {
            return Errno.EINVAL;
        }

        _stack.EphemeralPorts = (first, last);
        return Errno.OK;
    }

    private string ReadCongestion() => _tcp.Congestion == CongestionKind.Reno ? "reno" : "cubic";

    private Errno WriteCongestion(string text)
    {
        if (text is not ("cubic" or "reno"))
        {
            return Errno.ENOENT;
        }

        _tcp.Congestion = text == "reno" ? CongestionKind.Reno : CongestionKind.Cubic;
        return Errno.OK;
    }

    private sealed record Setting(Func<string> Read, Func<string, Errno> Write);
}
