namespace Dragonet.Platform.Linux.Channels;

/// <summary>
/// What spinning costs and saves while others want the processors, too. A call that rings costs two switches between threads; a call
/// that is taken by a thread which looks anyway costs that thread's looking in vain. As long as the calls save more processor time than
/// the looking uses up, nobody is worse off by it. Times are in any one unit. Not thread-safe.
/// </summary>
/// <param name="unit">A microsecond.</param>
internal struct SpinAccount(long unit)
{
    /// <summary>Microseconds: what a call costs more that rings; what one takes that is worth the guest's waiting awake, and after which
    /// time the guest sleeps; what can be saved up; what there is at the beginning.</summary>
    private const int Saved = 8, Short = 10, Awake = 40, Most = 300, First = 100;

    private long _balance = First * unit;

    /// <summary>More was saved than spent, or not so much less that it would be known.</summary>
    public readonly bool Pays => _balance >= 0;

    /// <summary>Begins anew, with something to try it on.</summary>
    public void Begin() => _balance = First * unit;

    /// <summary>Adds a short time of looking and serving.</summary>
    /// <param name="answered">Calls that were answered.</param>
    /// <param name="repeated">Calls that had to wait, and rang after all: they cost both.</param>
    /// <param name="looking">Time spent looking in vain.</param>
    /// <param name="serving">Time spent on calls; the guests waited awake.</param>
    public void Add(int answered, int repeated, long looking, long serving)
    {
        var calls = answered + repeated;
        var spent = looking + Math.Clamp(serving - (calls * Short * unit), 0, calls * Awake * unit);
        _balance = Math.Min(_balance + ((answered - repeated) * Saved * unit) - spent, Most * unit);
    }
}
