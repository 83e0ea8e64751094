using Dragonet.Platform.Linux.Channels;

namespace Dragonet.Platform.Linux.Guests;

/// <summary>
/// What a thread gets from calls that ask for much. They ring, since who serves them would serve nobody else meanwhile; but a program that
/// reads small files with a large buffer, as grep(1) does, need not. Not thread-safe.
/// </summary>
internal struct PostingHabit
{
    /// <summary>So many calls that asked for much and got little show that the next ones will, too.</summary>
    internal const int Enough = 4;

    private int _little;

    /// <summary>The last one got little.</summary>
    internal readonly bool IsLittle => _little > 0;

    /// <summary>Such a call was answered.</summary>
    /// <param name="answer">Bytes, or an error, which says nothing.</param>
    /// <param name="channel">The thread's, which is told. While there is none nothing is learnt, or the one that comes would not hear of it.</param>
    internal void Note(long answer, Channel? channel)
    {
        if (channel is null)
        {
            return;
        }

        if (answer > ChannelLayout.Capacity)
        {
            _little = 0;
            channel.PostsMuch = false;
        }
        else if (answer >= 0 && _little < Enough && ++_little == Enough)
        {
            channel.PostsMuch = true;
        }
    }
}
