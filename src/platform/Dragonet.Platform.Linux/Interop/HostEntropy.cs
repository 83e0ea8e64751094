using Dragonet.Abi;

namespace Dragonet.Platform.Linux.Interop;

/// <summary>getrandom(2). The class library would load OpenSSL for the same bytes: ten milliseconds of every start.</summary>
internal static unsafe class HostEntropy
{
    internal static void Fill(Span<byte> destination)
    {
        fixed (byte* pointer = destination)
        {
            for (var done = 0; done < destination.Length;)
            {
                // SAFETY: the rest of the pinned span.
                var count = Host.Call(Nr.getrandom, (long)(pointer + done), destination.Length - done, 0);
                if (count < 0 && Host.ErrnoOf(count) != Errno.EINTR)
                {
                    throw new InvalidOperationException($"getrandom: {Host.ErrnoOf(count)}");
                }

                done += (int)Math.Max(count, 0);
            }
        }
    }
}
