using System.Collections.Concurrent;
using System.IO;
using System.Text;
using Dragonet;

namespace UserFileSystem;

/// <summary>A directory in which programs may make files, which live in this process.</summary>
internal sealed class Notes : UserDirectory
{
    private readonly ConcurrentDictionary<string, Note> _notes = [];

    public override UnixFileMode Permissions => (UnixFileMode)0x1ff; // 0777

    public string Text(string name) => _notes.TryGetValue(name, out var note) ? note.Text : "";

    public override IEnumerable<KeyValuePair<string, UserNode>> List() => _notes.Select(note => KeyValuePair.Create<string, UserNode>(note.Key, note.Value));

    public override UserFile CreateFile(string name, UnixFileMode permissions) => _notes[name] = new Note(permissions);

    public override void Remove(string name) => _notes.TryRemove(name, out _);

    private sealed class Note(UnixFileMode permissions) : UserFile
    {
        private readonly Lock _lock = new();
        private byte[] _bytes = []; // guarded by _lock: guests call from several threads

        public override UnixFileMode Permissions => permissions;

        public string Text
        {
            get
            {
                lock (_lock)
                {
                    return Encoding.UTF8.GetString(_bytes);
                }
            }
        }

        public override long Length
        {
            get
            {
                lock (_lock)
                {
                    return _bytes.Length;
                }
            }
        }

        public override int Read(long offset, Span<byte> destination)
        {
            lock (_lock)
            {
                var rest = _bytes.AsSpan((int)Math.Min(offset, _bytes.Length));
                var count = Math.Min(rest.Length, destination.Length);
                rest[..count].CopyTo(destination);
                return count;
            }
        }

        public override void Write(long offset, ReadOnlySpan<byte> source)
        {
            lock (_lock)
            {
                if (offset + source.Length > _bytes.Length)
                {
                    Array.Resize(ref _bytes, (int)(offset + source.Length));
                }

                source.CopyTo(_bytes.AsSpan((int)offset));
            }
        }

        public override void SetLength(long length)
        {
            lock (_lock)
            {
                Array.Resize(ref _bytes, (int)length);
            }
        }
    }
}
