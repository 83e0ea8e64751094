using System.Globalization;
using System.IO;
using Dragonet.Abi;
using Dragonet.Platform.Linux.HostSockets;

namespace Dragonet.Switching;

/// <summary>One switch at a path: it has a lock on PATH.lock, with its pid in it, until its process ends, however that ends.</summary>
internal sealed class SwitchLock : IDisposable
{
    private readonly FileStream _file;

    private SwitchLock(FileStream file) => _file = file;

    /// <summary>Takes the lock, and clears away what a switch that is gone has left.</summary>
    /// <exception cref="DragonetException">There is a switch, or something else.</exception>
    internal static SwitchLock Take(string path)
    {
        FileStream file;
        try
        {
            file = new FileStream(path + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException failure) when (failure is not (FileNotFoundException or DirectoryNotFoundException or PathTooLongException))
        {
            throw new DragonetException($"{path}: a switch is running here already", failure);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new DragonetException($"{path}.lock: {failure.Message}", failure);
        }

        try
        {
            Clear(path);
            file.SetLength(0);
            file.Write(System.Text.Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture) + "\n"));
            file.Flush();
            return new SwitchLock(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static void Clear(string path)
    {
        if (!Path.Exists(path))
        {
            return;
        }

        if (!HostSide.IsSocket(path))
        {
            throw new DragonetException($"{path} is there and is no socket: name another path");
        }

        if (FrameSocket.Connect(path).Ok(out var other, out var error) || error != Errno.ECONNREFUSED)
        {
            other?.Dispose();
            throw new DragonetException($"{path}: another program listens there");
        }

        File.Delete(path);
    }
}
