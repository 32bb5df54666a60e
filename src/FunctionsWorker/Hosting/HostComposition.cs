using System.Reflection;
using Microsoft.Azure.Functions.Worker.Admin;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Azure.Functions.Worker.Configuration;
using Microsoft.Azure.Functions.Worker.Discovery;
using Microsoft.Azure.Functions.Worker.Invocation;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Microsoft.Azure.Functions.Worker.Hosting;

/// <summary>
/// From configuration and declarations to the services of a host. Every builder comes through here, so that a host is the same whichever
/// way the program asks for it.
/// </summary>
internal sealed class HostComposition
{
    private IReadOnlyList<Assembly>? _assemblies;

    public FunctionPipeline Pipeline { get; } = new();

    /// <summary>What was found faulty so far; the program gets all of it at once.</summary>
    public List<string> Faults { get; } = [];

    /// <summary>Functions may use the types of ASP.NET Core.</summary>
    public bool HasWebApplication { get; set; }

    /// <summary>Lets the startup classes of the application's assemblies take part, before the program itself.</summary>
    public void RunStartups(IFunctionsWorkerApplicationBuilder builder, IHostEnvironment environment) =>
        ExtensionStartups.Run(AssembliesOf(environment), builder, Faults);

    /// <exception cref="HostStartupException">Something is faulty; the exception lists all of it.</exception>
    public HostPlan Compose(IServiceCollection services, IConfiguration configuration, IHostEnvironment environment)
    {
        HostSettings settings = Read(configuration, environment);
        FunctionCatalog catalog = FunctionCatalog.Read(AssembliesOf(environment));
        HostPlan plan = HostPlan.Make(catalog, settings, configuration, HasWebApplication, Faults);
        HostServices.Add(services, configuration, plan, Pipeline, Faults);
        return Faults.Count == 0 ? plan : throw new HostStartupException(Faults);
    }

    /// <summary>The host that does a command and stops, when the application was started with one; else null.</summary>
    /// <exception cref="HostStartupException">Something is faulty; the exception lists all of it.</exception>
    public IHost? CommandHost(string[] args, IConfiguration configuration, IHostEnvironment environment) =>
        KeyCommand.IsAsked(args)
            ? KeyCommandHost.Make(
                args, FunctionCatalog.Read(AssembliesOf(environment)), Read(configuration, environment), configuration, Faults)
            : null;

    // In the content root, else beside the application: "dotnet run" starts in the former, an installed service in neither.
    public static string? FileInReach(IHostEnvironment environment, string name) =>
        new[] { environment.ContentRootPath, AppContext.BaseDirectory }
            .Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(File.Exists);

    private HostSettings Read(IConfiguration configuration, IHostEnvironment environment) => HostSettingsReader.Read(
        FileInReach(environment, "host.json"), environment.ContentRootPath, configuration, Faults);

    private IReadOnlyList<Assembly> AssembliesOf(IHostEnvironment environment) =>
        _assemblies ??= FunctionAssemblies.Of(Assembly.Load(environment.ApplicationName));
}
