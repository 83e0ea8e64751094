namespace Dragonet.Kernel;

/// <summary>Whom a rule is about, or for each of whom its amount is meant (rctl(8)).</summary>
public enum ResourceSubject
{
    /// <summary>A process, by its number.</summary>
    Process,

    /// <summary>A user, by number: in all jails together.</summary>
    User,

    /// <summary>A login class: there are none on Linux.</summary>
    LoginClass,

    /// <summary>A jail, by its name, with all jails in it.</summary>
    Jail,
}
