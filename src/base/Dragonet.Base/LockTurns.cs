namespace Dragonet.Base;

/// <summary>Called by a thread that is about to take a lock; returns when it is its turn.</summary>
/// <param name="isTaken">Another thread has the lock, so others must have their turns first.</param>
public delegate void LockTurns(bool isTaken);
