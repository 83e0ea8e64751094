namespace Dragonet.Control;

/// <summary>What a frame carries.</summary>
public enum FrameKind : byte
{
    /// <summary>A <see cref="ControlRequest"/>.</summary>
    Request = 1,

    /// <summary>A <see cref="ControlReply"/>.</summary>
    Reply = 2,

    /// <summary>Standard input; without bytes, its end.</summary>
    Input = 3,

    /// <summary>Standard output.</summary>
    Output = 4,

    /// <summary>Standard error.</summary>
    Error = 5,

    /// <summary>The window's rows and columns, two bytes each.</summary>
    Resize = 6,

    /// <summary>A signal's number, one byte.</summary>
    Signal = 7,

    /// <summary>The exit status, as a shell shows it, four bytes: the last frame.</summary>
    Exit = 8,
}
