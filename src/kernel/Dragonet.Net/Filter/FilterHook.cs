namespace Dragonet.Net;

/// <summary>Where rules look at packets.</summary>
public enum FilterHook
{
    /// <summary>To this stack.</summary>
    Input,

    /// <summary>Through it.</summary>
    Forward,

    /// <summary>From it.</summary>
    Output,

    /// <summary>Whatever comes in, before it is known whose it is: destinations are translated here.</summary>
    Prerouting,

    /// <summary>Whatever leaves, at the very end: sources are translated here.</summary>
    Postrouting,
}
