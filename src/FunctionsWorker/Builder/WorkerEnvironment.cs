namespace Microsoft.Azure.Functions.Worker.Builder;

/// <summary>The name of the environment (Development, Production ...) as the Azure host and its tools give it; the ways of .NET
/// win.</summary>
internal static class WorkerEnvironment
{
    private static readonly string[] WaysOfDotNet = ["ASPNETCORE_ENVIRONMENT", "DOTNET_ENVIRONMENT"];

    /// <summary>Null when <c>AZURE_FUNCTIONS_ENVIRONMENT</c> is not set.</summary>
    public static string? Name =>
        Environment.GetEnvironmentVariable("AZURE_FUNCTIONS_ENVIRONMENT") is { Length: > 0 } name ? name : null;

    public static bool IsGiven(string[] args) =>
        args.Any(static arg => arg.StartsWith("--environment", StringComparison.OrdinalIgnoreCase))
            || WaysOfDotNet.Any(static way => Environment.GetEnvironmentVariable(way) is { Length: > 0 });
}
