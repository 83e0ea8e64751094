namespace Dragonet.Net;

/// <summary>What is at the other side of an interface and must know of its life.</summary>
public interface ILinkDriver
{
    /// <summary>The interface went up or down. Inside its stack.</summary>
    void OnStateChanged();

    /// <summary>The interface is in no stack any more, for ever.</summary>
    void OnRemoved();
}
