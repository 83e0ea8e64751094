using Dragonet.Abi;
using Dragonet.Base;
using Xunit;

namespace Dragonet.Kernel.Tests;

/// <summary>Signals that come when the guest is about to make a call.</summary>
public sealed class SignalBeforeCallTests : IDisposable
{
    private const int Other = 8;
    private const ulong Here = 0x1002;

    private readonly World _world = new();
    private readonly Task _task;

    public SignalBeforeCallTests() => _task = _world.NewTask();

    public void Dispose() => _world.Dispose();

    [Fact]
    public void A_call_that_must_wait_is_begun_and_ended_by_the_signal()
    {
        Send();
        Assert.Equal(0, _world.Interrupt(_task, FakePersonality.Waiting, Here, static task => task.WaitForSignal()));
        Assert.Equal(-(long)Errno.EINTR, _world.Answer(_task));
    }

    [Fact]
    public void A_call_that_need_not_wait_is_answered_and_the_signal_stays_for_its_end()
    {
        Send();
        Assert.Equal(0, _world.Interrupt(_task, FakePersonality.Waiting, Here, static _ => 5));
        Assert.Equal(5, _world.Answer(_task));
        Assert.True(_task.HasSignal);
    }

    [Fact]
    public void Without_a_signal_or_before_another_call_the_interruption_is_what_it_was()
    {
        Assert.Equal(1, _world.Interrupt(_task, FakePersonality.Waiting, Here, static _ => 5));
        Send();
        Assert.Equal(1, _world.Interrupt(_task, Other, Here, static _ => 5));
        Assert.Null(_world.Answer(_task));
    }

    [Fact]
    public void A_signal_at_the_end_of_a_call_is_seen_before_the_next_one()
    {
        Assert.Equal(3, _world.Call(_task, static _ => 3));
        Send();
        Assert.Equal(1, _world.Interrupt(_task, FakePersonality.Waiting, _task.Call.InstructionPointer + 2, static _ => 5));
        Assert.Null(_world.Answer(_task));
    }

    private void Send()
    {
        const int signal = 10;
        _ = _task.Process.SetAction(signal, new SignalAction(0x4000, 0, 0, 0));
        Assert.Equal(Errno.OK, _task.Send(new SigInfo { Signal = signal }));
    }
}
