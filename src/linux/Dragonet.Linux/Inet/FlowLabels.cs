using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Inet;

/// <summary>The flow labels of a socket (RFC 3697; IPV6_FLOWLABEL_MGR, ipv6_flowlabel_opt of Linux). A label ends with the last socket that has it;
/// its times are checked and have no other meaning. Inside the stack.</summary>
internal sealed class FlowLabels
{
    /// <summary>IPV6_FLOWINFO_FLOWLABEL.</summary>
    public const uint Mask = 0xf_ffff;

    private const int RequestSize = 32; // struct in6_flowlabel_req
    private const int MostOfSocket = 32;
    private const int MostOfStack = 4096;
    private const int LongestTime = 150; // seconds, without CAP_NET_ADMIN

    private readonly List<FlowLabel> _labels = [];

    public bool Has(uint label) => _labels.Exists(own => own.Label == label);

    /// <summary>Answers a request; a label that is chosen is written into it.</summary>
    public Errno Manage(Dictionary<uint, FlowLabel> all, Task task, Span<byte> request, out bool isAnswered)
    {
        isAnswered = false;
        if (request.Length < RequestSize)
        {
            return Errno.EINVAL;
        }

        var label = BinaryPrimitives.ReadUInt32BigEndian(request[16..]);
        var isLong = Math.Max(BinaryPrimitives.ReadUInt16LittleEndian(request[24..]), BinaryPrimitives.ReadUInt16LittleEndian(request[26..])) > LongestTime;
        switch (request[20])
        {
            case 0: // IPV6_FL_A_GET
                var error = isLong && !task.Credentials.Has(Capability.CAP_NET_ADMIN) ? Errno.EPERM : Get(all, task, request, ref label);
                isAnswered = error == Errno.OK && BinaryPrimitives.ReadUInt32BigEndian(request[16..]) == 0;
                BinaryPrimitives.WriteUInt32BigEndian(request[16..], label);
                return error;
            case 1: // IPV6_FL_A_PUT
                if (_labels.Find(own => own.Label == label) is not { } given)
                {
                    return Errno.ESRCH;
                }

                Drop(all, given);
                return Errno.OK;
            case 2: // IPV6_FL_A_RENEW
                return !Has(label) ? Errno.ESRCH : isLong && !task.Credentials.Has(Capability.CAP_NET_ADMIN) ? Errno.EPERM : Errno.OK;
            default:
                return Errno.EINVAL;
        }
    }

    /// <summary>The socket is closed.</summary>
    public void Clear(Dictionary<uint, FlowLabel> all)
    {
        while (_labels.Count > 0)
        {
            Drop(all, _labels[^1]);
        }
    }

    private Errno Get(Dictionary<uint, FlowLabel> all, Task task, ReadOnlySpan<byte> request, ref uint label)
    {
        const int create = 1;
        const int exclusive = 2;
        var flags = BinaryPrimitives.ReadUInt16LittleEndian(request[22..]);
        var destination = Net.IPAddress.FromBytes(request[..16]);
        if ((label & ~Mask) != 0 || destination.IsV4 || destination.IsMulticast || destination.IsUnspecified || request[21] is not (1 or 2 or 3 or 255))
        {
            return Errno.EINVAL;
        }

        var wanted = new FlowLabel(label, request[21], task.Process.Pid, task.Credentials.EffectiveUid);
        if (label != 0 && all.TryGetValue(label, out var known))
        {
            // fl_create of Linux: IPV6_FL_S_EXCL is nobody else's, the others those of the same process, or user, or everybody.
            var isShared = known.Share != 1 && known.Share == wanted.Share && (known.Share != 2 || known.Process == wanted.Process) && (known.Share != 3 || known.User == wanted.User);
            if ((flags & exclusive) != 0 || !isShared)
            {
                return (flags & exclusive) != 0 ? Errno.EEXIST : Errno.EPERM;
            }

            wanted = known;
        }
        else if ((flags & create) == 0)
        {
            return Errno.ENOENT;
        }

        if (_labels.Count >= MostOfSocket || all.Count >= MostOfStack)
        {
            return Errno.ENOBUFS;
        }

        while (wanted.Label == 0 || (wanted.Users == 0 && all.ContainsKey(wanted.Label)))
        {
            wanted = wanted with { Label = (uint)System.Security.Cryptography.RandomNumberGenerator.GetInt32(1, (int)Mask + 1) };
        }

        label = wanted.Label;
        all[label] = wanted;
        wanted.Users++;
        _labels.Add(wanted);
        return Errno.OK;
    }

    private void Drop(Dictionary<uint, FlowLabel> all, FlowLabel label)
    {
        _ = _labels.Remove(label);
        if (--label.Users == 0)
        {
            _ = all.Remove(label.Label);
        }
    }
}
