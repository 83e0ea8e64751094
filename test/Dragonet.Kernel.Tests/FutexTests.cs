using Dragonet.Abi;
using Dragonet.Base;
using Xunit;

namespace Dragonet.Kernel.Tests;

public sealed class FutexTests : IDisposable
{
    private const ulong Word = FakeSpace.Base;
    private const ulong Second = FakeSpace.Base + 64;
    private readonly World _world = new();
    private readonly FakeSpace _space = new();

    public void Dispose() => _world.Dispose();

    private FutexTable Table => _world.Kernel.Futexes;

    private Task NewThread(Task? like = null)
    {
        var task = _world.NewTask(_space);
        if (like is not null)
        {
            task.Process.MemoryId = like.Process.MemoryId;
        }

        return task;
    }

    private FutexKey Key(Task task, ulong address) => Table.GetKey(task, address, isPrivate: true).Value;

    private static SysResult Continue(Task task, FutexWaiter waiter) =>
        waiter.IsWoken ? 0 : task.TimedOut ? waiter.Withdraw() ? Errno.ETIMEDOUT : 0 : task.WaitOn(waiter.Queue);

    private long? Wait(Task task, ulong address, uint expected, uint bitset = uint.MaxValue) => _world.Call(task, t =>
    {
        if (t.CallState is not FutexWaiter waiter)
        {
            if (!Table.Wait(t, Key(t, address), address, expected, bitset).Ok(out waiter!, out var error))
            {
                return error;
            }

            t.CallState = waiter;
        }

        return Continue(t, waiter);
    });

    [Fact]
    public void Waiting_compares_and_waking_counts()
    {
        var first = NewThread();
        var second = NewThread(first);
        Assert.Equal(-(long)Errno.EAGAIN, Wait(first, Word, 1));
        Assert.Null(Wait(first, Word, 0));
        Assert.Null(Wait(second, Word, 0));
        Assert.Equal(1, Table.Wake(Key(first, Word), 1).Value);
        Assert.Equal(0, _world.Answer(first));
        Assert.Null(_world.Answer(second));
        Assert.Equal(1, Table.Wake(Key(first, Word), 5).Value);
        Assert.Equal(0, _world.Answer(second));
    }

    [Fact]
    public void Bit_sets_choose()
    {
        var task = NewThread();
        Assert.Null(Wait(task, Word, 0, 0b01));
        Assert.Equal(0, Table.Wake(Key(task, Word), 1, 0b10).Value);
        Assert.Equal(1, Table.Wake(Key(task, Word), 1, 0b11).Value);
        Assert.Equal(0, _world.Answer(task));
    }

    [Fact]
    public void Requeued_waiters_wait_elsewhere()
    {
        var first = NewThread();
        var second = NewThread(first);
        Assert.Null(Wait(first, Word, 0));
        Assert.Null(Wait(second, Word, 0));
        Assert.Equal(Errno.EAGAIN, Table.Requeue(first, Key(first, Word), Key(first, Second), 1, 1, Word, 9).Error);
        Assert.Equal((1, 1), Table.Requeue(first, Key(first, Word), Key(first, Second), 1, 1, Word, 0).Value);
        Assert.Equal(0, _world.Answer(first));
        Assert.Equal(0, Table.Wake(Key(first, Word), 1).Value);
        Assert.Equal(1, Table.Wake(Key(first, Second), 1).Value);
        Assert.Equal(0, _world.Answer(second));
    }

    [Fact]
    public void Wake_op_changes_the_second_word()
    {
        var task = NewThread();
        _space[Second] = 5;
        Assert.Null(Wait(task, Word, 0));
        const uint addThreeIfFive = 1u << 28 | 0u << 24 | 3 << 12 | 5;
        Assert.Equal(1, Table.WakeOp(task, Key(task, Word), Key(task, Second), Second, 1, 1, addThreeIfFive).Value);
        Assert.Equal(8u, _space[Second]);
    }

    [Fact]
    public void A_dead_waiter_takes_no_wake_up()
    {
        var first = NewThread();
        var second = NewThread(first);
        Assert.Null(Wait(first, Word, 0));
        Assert.Null(Wait(second, Word, 0));
        first.Process.Terminate(9);
        Assert.Equal(1, Table.Wake(Key(second, Word), 1).Value);
        Assert.Equal(0, _world.Answer(second));
    }

    [Fact]
    public void An_interrupted_waiter_leaves_the_queue()
    {
        var task = NewThread();
        _ = task.Process.SetAction(10, new SignalAction(0x1000, 0, 0, 0));
        Assert.Null(Wait(task, Word, 0));
        _ = task.Process.Send(SigInfo.FromKernel(10));
        Assert.Equal(-(long)Errno.EINTR, _world.Answer(task));
        Assert.Equal(0, Table.Wake(Key(task, Word), 1).Value);
    }

    [Fact]
    public void A_lock_is_handed_to_the_oldest_waiter()
    {
        var owner = NewThread();
        var next = NewThread(owner);
        var key = Key(owner, Word);
        Assert.Null(Table.Lock(owner, key, Word, isTry: false).Value);
        Assert.Equal((uint)owner.Tid, _space[Word]);
        Assert.Equal(Errno.EDEADLK, Table.Lock(owner, key, Word, isTry: false).Error);
        Assert.Equal(Errno.EAGAIN, Table.Lock(next, key, Word, isTry: true).Error);
        var waiter = Table.Lock(next, key, Word, isTry: false).Value!;
        Assert.Equal((uint)owner.Tid | FutexBits.FUTEX_WAITERS, _space[Word]);
        Assert.Equal(Errno.EPERM, Table.Unlock(next, key, Word));
        Assert.Equal(Errno.OK, Table.Unlock(owner, key, Word));
        Assert.True(waiter.IsWoken);
        Assert.Equal((uint)next.Tid, _space[Word]);
        Assert.Equal(Errno.OK, Table.Unlock(next, key, Word));
        Assert.Equal(0u, _space[Word]);
    }

    [Fact]
    public void Robust_futexes_tell_that_their_owner_died()
    {
        var owner = NewThread();
        var waiter = NewThread(owner);
        const ulong head = FakeSpace.Base + 256, node = FakeSpace.Base + 512;
        _ = _space.Write(head, new robust_list_head { list = node, futex_offset = 16 });
        _ = _space.Write(node, head);
        _space[node + 16] = (uint)owner.Tid | FutexBits.FUTEX_WAITERS;
        Assert.Null(Wait(waiter, node + 16, _space[node + 16]));
        owner.RobustList = head;
        Table.ExitRobust(owner);
        Assert.Equal(FutexBits.FUTEX_OWNER_DIED | FutexBits.FUTEX_WAITERS, _space[node + 16]);
        Assert.Equal(0, _world.Answer(waiter));
    }

    [Fact]
    public void The_clear_tid_word_wakes_a_joiner()
    {
        var thread = NewThread();
        var joiner = NewThread(thread);
        _space[Word] = (uint)thread.Tid;
        thread.ClearTid = Word;
        Assert.Null(Wait(joiner, Word, (uint)thread.Tid));
        Table.ClearTid(thread);
        Assert.Equal(0u, _space[Word]);
        Assert.Equal(0, _world.Answer(joiner));
    }
}
