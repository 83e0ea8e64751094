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
}
