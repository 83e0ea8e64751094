namespace Dragonet.Kernel;

/// <summary>What values a jail parameter takes.</summary>
public enum JailParameterKind
{
    /// <summary>On or off; "no" before the last part of the name is off.</summary>
    Flag,

    /// <summary>A whole number.</summary>
    Number,

    /// <summary>Any text.</summary>
    Text,

    /// <summary>One of a few words.</summary>
    Choice,

    /// <summary>Texts by key: NAME.KEY=VALUE.</summary>
    Map,
}
