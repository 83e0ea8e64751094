using System.Globalization;
using Dragonet.Abi;
using Dragonet.Net;
using Dragonet.Networking;

namespace Dragonet.Switching;

/// <summary>Answers what clients of a switch ask beside frames.</summary>
internal sealed class SwitchDesk(FrameSwitch frames, Func<IReadOnlyCollection<SwitchConnection>> connections)
{
    /// <summary>A message came from somebody who is nothing yet.</summary>
    internal void Answer(SwitchConnection from, string[] lines)
    {
        switch (lines[0])
        {
            case "port":
                Connect(from, lines.AsSpan(1));
                break;
            case "ports":
                Tell(from, connections().Where(static each => each.Port is not null).OrderBy(static each => each.Port!.Number).Select(Describe));
                break;
            case "addresses":
                Tell(from, frames.ListAddresses().OrderBy(static entry => (entry.Port, entry.Address.Value)).Select(static entry => (IEnumerable<string>)
                    [$"address={entry.Address}", $"port={Text(entry.Port)}", $"kind={(entry.IsAnnounced ? "announced" : "learned")}"]));
                break;
            case "monitor" when MayCommand(from):
                from.IsMonitor = true;
                from.Answers.Send(SwitchMessage.Make("ok"));
                frames.AddMonitor(from.Answers);
                break;
            case "impair" when lines.Length >= 3 && MayCommand(from):
                Impair(from, lines[1], lines[2..]);
                break;
            case "monitor" or "impair" when !MayCommand(from):
                Refuse(from, "only the switch's own user and root may");
                break;
            default:
                Refuse(from, "what is that?");
                break;
        }
    }

    private static bool MayCommand(SwitchConnection from) => from.User == HostSide.UserId || from.User == 0;

    private static void Refuse(SwitchConnection to, string why) => to.Answers.Send(SwitchMessage.Make("error", why));

    private void Connect(SwitchConnection from, ReadOnlySpan<string> lines)
    {
        var options = new SwitchPortOptions();
        var addresses = new List<IPAddress>();
        foreach (var line in lines)
        {
            var parts = line.Split('=', 2);
            switch (parts[0])
            {
                case "name" when parts.Length == 2 && parts[1].Length <= 64 && !parts[1].Any(char.IsControl):
                    options = options with { Name = parts[1] };
                    break;
                case "pid" when parts.Length == 2 && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var pid):
                    from.Pid = pid; // who connected may be a helper of his
                    break;
                case "mac" when parts.Length == 2 && EthernetAddress.TryParse(parts[1], out var mac):
                    options = options with { HardwareAddress = mac };
                    break;
                case "address" when parts.Length == 2 && addresses.Count <= SwitchPortOptions.MaxAnnounced && System.Net.IPAddress.TryParse(parts[1], out var address):
                    addresses.Add(IPAddress.FromBytes(address.GetAddressBytes()));
                    break;
                case "trunk" when parts.Length == 1:
                    options = options with { IsTrunk = true };
                    break;
                default:
                    Refuse(from, $"'{(line.Length > 100 ? line[..100] : line)}' cannot be announced");
                    return;
            }
        }

        if (frames.Connect(options with { Addresses = addresses }, from.Send).Ok(out var port, out var error))
        {
            from.Answers.Send(SwitchMessage.Make("ok", $"port={Text(port.Number)}"));
            from.Port = port;
            return;
        }

        Refuse(from, error switch
        {
            Errno.EADDRINUSE => "another port has this MAC or IP address",
            Errno.EXFULL => "it has too many ports already",
            Errno.EPERM => "trunks are not allowed here",
            _ => "nobody can have such an address",
        });
    }

    private void Impair(SwitchConnection from, string which, string[] words)
    {
        var why = "";
        var impairment = words is ["off"] ? null : ImpairmentText.Parse(words, out why);
        var port = frames.Ports.FirstOrDefault(each => Text(each.Number) == which || (each.Options.Name == which && which.Length > 0));
        if (impairment is null && words is not ["off"])
        {
            Refuse(from, why);
        }
        else if (port is null && which != "all")
        {
            Refuse(from, $"there is no port '{which}': write its number, its name, or all");
        }
        else
        {
            frames.Impair(port, impairment);
            from.Answers.Send(SwitchMessage.Make("ok"));
        }
    }

    private static IEnumerable<string> Describe(SwitchConnection connection)
    {
        var port = connection.Port!;
        var counters = port.Counters;
        return
        [
            $"port={Text(port.Number)}",
            $"name={port.Options.Name}",
            $"pid={(connection.Pid == 0 ? "" : Text(connection.Pid))}",
            $"user={(connection.Pid == 0 ? "" : Text(connection.User))}",
            $"address={port.HardwareAddress}",
            $"addresses={string.Join(',', port.Options.Addresses)}",
            $"kind={(port.Options.IsTrunk ? "trunk" : "")}",
            $"impairment={(port.Impairment is { } impairment ? ImpairmentText.Format(impairment) : "")}",
            $"rx={Text(counters.ReceivedPackets)}",
            $"rx_bytes={Text(counters.ReceivedBytes)}",
            $"tx={Text(counters.SentPackets)}",
            $"tx_bytes={Text(counters.SentBytes)}",
            $"spoofed={Text(port.Spoofed)}",
            $"malformed={Text(port.Malformed)}",
            $"lost={Text(port.Queue.Dropped + counters.SendDrops + counters.ReceiveErrors)}",
            $"waiting={Text(port.Queue.Count)}",
        ];
    }

    /// <summary>Rows, as many in a message as fit, and "end".</summary>
    private static void Tell(SwitchConnection to, IEnumerable<IEnumerable<string>> rows)
    {
        var lines = new List<string> { "rows" };
        var length = 0;
        foreach (var row in rows)
        {
            var line = string.Join('\t', row.Select(static cell => cell.Replace('\t', ' ')));
            if (length + line.Length * 3 > SwitchMessage.MaxText)
            {
                to.Answers.Send(SwitchMessage.Make(lines));
                (lines, length) = (["rows"], 0);
            }

            lines.Add(line);
            length += line.Length * 3 + 1; // UTF-8 at its longest
        }

        to.Answers.Send(SwitchMessage.Make(lines));
        to.Answers.Send(SwitchMessage.Make("end"));
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
