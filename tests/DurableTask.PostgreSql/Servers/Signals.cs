using System.Runtime.InteropServices;

namespace Heal.DurableTask.PostgreSql.Tests.Servers;

/// <summary>Signals to processes; .NET itself only sends SIGKILL. The numbers are Linux's.</summary>
internal static partial class Signals
{
    /// <summary>SIGINT: PostgreSQL's fast shutdown.</summary>
    public const int Interrupt = 2;

    /// <summary>SIGQUIT: PostgreSQL's immediate shutdown, which is a crash.</summary>
    public const int Quit = 3;

    /// <summary>SIGCONT.</summary>
    public const int Continue = 18;

    /// <summary>SIGSTOP.</summary>
    public const int Stop = 19;

    public static void Send(int processId, int signal)
    {
        if (Kill(processId, signal) != 0)
        {
            throw new InvalidOperationException(
                $"Signal {signal} could not be sent to process {processId}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int processId, int signal);
}
