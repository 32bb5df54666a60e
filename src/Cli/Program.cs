using System.Runtime.InteropServices;
using Heal.Cli;

using var interrupted = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var termination = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
return await HealCommand.RunAsync(args, Screen.OfConsole(), Environment.GetEnvironmentVariable, TimeProvider.System, interrupted.Token);

// The first signal lets the verb say what goes on without it; the second ends the process at once.
void Stop(PosixSignalContext signal)
{
    if (interrupted.IsCancellationRequested) return;
    signal.Cancel = true;
    interrupted.Cancel();
}
