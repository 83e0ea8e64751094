using System.Collections.Concurrent;
using System.Globalization;
using System.IO;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Platform.Linux.Guests;
using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Dragonet.Platform.Linux.Tests;

public sealed class GuestCodeTests : IDisposable
{
    private const ulong CodeAddress = 0x40_0000;
    private const ulong StackTop = 0x50_0000;

    private readonly RecordingKernel _kernel = new();
    private readonly LinuxPlatform _platform = new();

    public GuestCodeTests() => _platform.Start(_kernel);

    public void Dispose() => _platform.Dispose();

    [Fact]
    public void A_system_call_reaches_the_kernel_and_its_answer_the_guest()
    {
        var thread = Run(c =>
        {
            c.mov(eax, (int)Nr.getpid);
            c.syscall();
            c.mov(rdi, rax);
            c.mov(eax, (int)Nr.close);
            c.syscall();
        });
        var (first, call) = _kernel.NextCall();
        Assert.Same(thread, first);
        Assert.Equal((int)Nr.getpid, call.Number);
        first.Resume(4242);
        var (_, second) = _kernel.NextCall();
        Assert.Equal((int)Nr.close, second.Number);
        Assert.Equal(4242UL, second.A0);
    }

    [Fact]
    public void Fork_gives_a_second_space_with_a_copy_of_the_memory()
    {
        var cloned = CloneAtFirstCall(new CloneRequest());
        _ = Run(c =>
        {
            c.mov(eax, (int)Nr.fork);
            c.syscall();
            c.mov(rdi, rax);
            c.mov(eax, (int)Nr.close);
            c.syscall();
        });
        var (parent, call) = _kernel.NextCall();
        Assert.Equal((int)Nr.fork, call.Number);
        Assert.True(parent.HasContext);
        Assert.True(cloned.Take().Ok(out var child, out var error), error.ToString());
        Assert.NotSame(parent.Space, child!.Space);
        child.Resume(0);
        parent.Resume(7);
        var seen = new[] { _kernel.NextCall(), _kernel.NextCall() };
        Assert.Equal(7UL, seen.Single(s => s.Thread == parent).Call.A0);
        Assert.Equal(0UL, seen.Single(s => s.Thread == child).Call.A0);
    }

    [Fact]
    public void Who_makes_a_process_and_waits_for_it_is_kept_to_one_processor_only_meanwhile()
    {
        var all = ProcessorsOf(Environment.ProcessId);
        var first = HostScheduling.GetProcessors(HostScheduling.GetMask())[0];
        var mask = new byte[(first / 8) + 1];
        mask[^1] = (byte)(1 << (first % 8));
        foreach (var (allowed, expected) in new (byte[]?, string)[] { (null, all), (mask, first.ToString(CultureInfo.InvariantCulture)) })
        {
            var cloned = CloneAtFirstCall(new CloneRequest { IsAwaited = true }, parent => parent.SetProcessors(allowed ?? HostScheduling.GetMask()));
            _ = Run(c =>
            {
                c.mov(eax, (int)Nr.fork);
                c.syscall();
            });
            var (parent, _) = _kernel.NextCall();
            Assert.True(cloned.Take().Ok(out var child, out var error), error.ToString());
            Assert.Equal(expected, ProcessorsOf(((GuestThread)parent).HostTid));
            Assert.Equal(expected, ProcessorsOf(((GuestThread)child!).HostTid));
        }
    }

    private static string ProcessorsOf(int thread)
        => ProcFile.Read(thread, "status").Split('\n').Single(static line => line.StartsWith("Cpus_allowed_list:", StringComparison.Ordinal)).Split('\t')[1];

    [Fact]
    public void A_thread_shares_the_memory_and_starts_on_its_own_stack()
    {
        var cloned = CloneAtFirstCall(new CloneRequest { ShareMemory = true, SameProcess = true, StackPointer = StackTop - 0x800 });
        _ = Run(c =>
        {
            c.mov(eax, (int)Nr.fork);
            c.syscall();
            c.mov(rdi, rsp);
            c.mov(rsi, rax);
            c.mov(eax, (int)Nr.close);
            c.syscall();
        });
        var (parent, _) = _kernel.NextCall();
        Assert.True(cloned.Take().Ok(out var child, out var error), error.ToString());
        Assert.Same(parent.Space, child!.Space);
        child.Resume(0);
        var (first, call) = _kernel.NextCall();
        Assert.Same(child, first);
        Assert.Equal(StackTop - 0x800, call.A0);
        parent.Resume(9);
        Assert.Equal(9UL, _kernel.NextCall().Call.A1);
    }

    [Fact]
    public void A_busy_guest_is_interrupted_and_keeps_its_registers()
    {
        var thread = Run(c =>
        {
            var loop = c.CreateLabel();
            c.mov(rbx, 0x1234);
            c.mov(eax, (int)Nr.getpid);
            c.syscall();
            c.xor(ecx, ecx);
            c.Label(ref loop);
            c.inc(rcx);
            c.test(rbx, rbx);
            c.jne(loop);
            c.mov(rdi, rcx);
            c.mov(eax, (int)Nr.close);
            c.syscall();
        });
        _ = _kernel.NextCall(); // it has left the stub
        thread.Resume(0);
        thread.Interrupt();
        var (stopped, trap) = _kernel.NextTrap();
        Assert.Equal(TrapKind.Interrupt, trap.Kind);
        var context = new MachineContext();
        Assert.Equal(Errno.OK, stopped.GetContext(context));
        Assert.True(context.FpuLength >= 512);
        Assert.InRange(context.Rip, CodeAddress, CodeAddress + 0x1000);
        context.Rbx = 0; // ends the loop
        Assert.Equal(Errno.OK, stopped.ResumeWith(context));
        Assert.Equal((int)Nr.close, _kernel.NextCall().Call.Number);
    }

    [Fact]
    public void A_guest_that_is_interrupted_before_a_call_can_be_told_its_answer_at_once()
    {
        var thread = Run(c =>
        {
            c.mov(rsi, 33);
            c.mov(eax, (int)Nr.getpid);
            c.syscall();
            c.syscall(); // with the answer of the first one as its number
            c.mov(rdi, rax);
            c.mov(eax, (int)Nr.close);
            c.syscall();
        });
        var (_, first) = _kernel.NextCall();
        thread.Interrupt();
        thread.Resume((long)Nr.poll);
        var (stopped, trap) = _kernel.NextTrap();
        Assert.Equal(TrapKind.Interrupt, trap.Kind);
        Assert.True(stopped.TryPeekCall(out var call));
        Assert.Equal(((int)Nr.poll, 33UL, first.InstructionPointer + 2), (call.Number, call.A1, call.InstructionPointer));
        Assert.True(stopped.BeginCall(call));
        stopped.Resume(-(long)Errno.EINTR);
        var (_, last) = _kernel.NextCall();
        Assert.Equal(((int)Nr.close, -(long)Errno.EINTR), (last.Number, (long)last.A0));
        thread.Interrupt();
        thread.Resume(0);
        (stopped, _) = _kernel.NextTrap();
        Assert.False(stopped.TryPeekCall(out _)); // behind the last call
    }

    [Fact]
    public void A_fault_tells_signal_and_address()
    {
        _ = Run(c =>
        {
            c.mov(rax, 0x1230);
            c.mov(__qword_ptr[rax], rax);
        });
        var (_, trap) = _kernel.NextTrap();
        Assert.Equal(new Trap(TrapKind.Fault, 11, 1, 0x1230), trap);
    }

    [Fact]
    public void A_killed_host_process_is_reported()
    {
        var thread = Run(c => { var l = c.CreateLabel(); c.Label(ref l); c.jmp(l); });
        _ = System.Diagnostics.Process.GetProcessById(((GuestThread)thread).HostTid);
        System.Diagnostics.Process.GetProcessById(((GuestThread)thread).HostTid).Kill();
        Assert.True(_kernel.Deaths.TryTake(out var death, TimeSpan.FromSeconds(20)));
        Assert.Same(thread.Space, death.Space);
        Assert.Equal(9, death.Signal);
    }

    private BlockingCollection<Result<VmThread>> CloneAtFirstCall(CloneRequest request, Action<VmThread>? before = null)
    {
        var results = new BlockingCollection<Result<VmThread>>();
        _kernel.AtCall = thread =>
        {
            _kernel.AtCall = null;
            before?.Invoke(thread);
            results.Add(thread.Clone(request));
        };
        return results;
    }

    private VmThread Run(Action<Assembler> emit)
    {
        var assembler = new Assembler(64);
        emit(assembler);
        using var stream = new MemoryStream();
        _ = assembler.Assemble(new StreamCodeWriter(stream), CodeAddress);
        Assert.True(_platform.CreateSpace().Ok(out var thread, out var error), error.ToString());
        Assert.True(thread!.Map(CodeAddress, 0x1000, VmProt.Read | VmProt.Write | VmProt.Exec, VmMapFlags.Fixed, null, 0).Ok(out _, out error), error.ToString());
        Assert.True(thread.Map(StackTop - 0x10000, 0x10000, VmProt.Read | VmProt.Write, VmMapFlags.Fixed, null, 0).Ok(out _, out error), error.ToString());
        Assert.Equal(Errno.OK, thread.Space.Write(CodeAddress, stream.ToArray()));
        Assert.Equal(Errno.OK, thread.ResumeWith(new MachineContext { Rip = CodeAddress, Rsp = StackTop - 0x100 }));
        return thread;
    }
}
