using System.Buffers;
using System.IO;
using Dragonet.Net;

namespace TwoStacks;

/// <summary>Writes what passes an interface as a pcapng file.</summary>
internal sealed class Recorder : IFrameTap
{
    private readonly ArrayBufferWriter<byte> _buffer = new();
    private readonly PcapngWriter _file;

    internal Recorder()
    {
        _file = new PcapngWriter(_buffer);
        _file.WriteHeader();
        _ = _file.WriteInterface("wire0", isRaw: false);
    }

    public void OnFrame(Interface link, ReadOnlySpan<byte> bytes, bool isOutgoing, long now) => _file.WritePacket(0, now, bytes, isOutgoing);

    internal void Save(string path) => File.WriteAllBytes(path, _buffer.WrittenSpan);
}
