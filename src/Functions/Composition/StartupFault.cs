using Microsoft.Extensions.Options;

namespace Heal.Functions.Composition;

/// <summary>
/// A start that failed for a reason that the operator can mend is reported in words, without a stack trace. Anything else keeps its trace:
/// it is a fault of ours.
/// </summary>
internal static class StartupFault
{
    private const string OwnAssemblies = "Heal.";
    private const string HostAssembly = "Microsoft.Azure.Functions.Worker";

    /// <summary>Prints the reason; false when the exception explains nothing to an operator.</summary>
    public static bool TryReport(Exception exception)
    {
        if (!IsForOperators(exception))
        {
            return false;
        }

        Console.Error.WriteLine($"heal cannot start: {exception.Message}");
        return true;
    }

    // Exceptions of our own types are written for the person who reads them: what, where, expected, what to do next.
    private static bool IsForOperators(Exception exception) =>
        exception is OptionsValidationException or DirectoryNotFoundException
        || exception.GetType().Assembly.GetName().Name is { } assembly
            && (assembly.StartsWith(OwnAssemblies, StringComparison.Ordinal) || assembly == HostAssembly);
}

/// <summary>A setting of the application is missing or wrong.</summary>
internal sealed class SettingException(string message) : Exception(message);
