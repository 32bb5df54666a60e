namespace Microsoft.Azure.Functions.Worker.Builder;

/// <summary>Where a function application begins: <c>FunctionsApplication.CreateBuilder(args)</c>.</summary>
public class FunctionsApplication
{
    /// <summary>
    /// A builder with configuration, logging and services set up. Order of configuration, later wins: host.json, local.settings.json,
    /// user secrets (in Development), environment, command line.
    /// </summary>
    public static FunctionsApplicationBuilder CreateBuilder(string[] args) => new(args);
}
