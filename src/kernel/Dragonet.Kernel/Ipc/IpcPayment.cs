namespace Dragonet.Kernel;

/// <summary>Who pays for IPC objects.</summary>
public static class IpcPayment
{
    /// <summary>The object, for which this jail has paid.</summary>
    public static T PaidBy<T>(this T item, Jail jail)
        where T : IpcObject
    {
        item.SetPayer(jail);
        return item;
    }
}
