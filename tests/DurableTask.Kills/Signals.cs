using System.Runtime.InteropServices;

namespace Heal.DurableTask.Kills.Tests;

/// <summary>Signals to processes; .NET itself only sends SIGKILL. The numbers are Linux's.</summary>
internal static partial class Signals
{
    /// <summary>SIGQUIT: PostgreSQL's immediate shutdown, which is a crash.</summary>
    public const int Quit = 3;

    /// <summary>SIGKILL.</summary>
    public const int Kill = 9;

    /// <summary>SIGCONT.</summary>
    public const int Continue = 18;

    /// <summary>SIGSTOP: the process stands still until SIGCONT.</summary>
    public const int Stop = 19;

    public static void Send(int processId, int signal)
    {
        if (SendSignal(processId, signal) != 0)
        {
            throw new InvalidOperationException(
                $"Signal {signal} could not be sent to process {processId}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int processId, int signal);
}
