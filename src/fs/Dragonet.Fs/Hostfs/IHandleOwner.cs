namespace Dragonet.Fs.Hostfs;

/// <summary>Keeps a host descriptor that it can open again.</summary>
internal interface IHandleOwner
{
    /// <summary>True when it was used since the last call.</summary>
    bool TakeUsed();

    /// <summary>Gives the descriptor up; users that hold it finish first.</summary>
    void DropHandle();
}
