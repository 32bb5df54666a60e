using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.Azure.Functions.Worker.Configuration;
using Microsoft.Azure.Functions.Worker.Discovery;
using Microsoft.Azure.Functions.Worker.Hosting;
using Microsoft.Azure.Functions.Worker.Invocation;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Builder;

/// <summary>
/// Builds the host of a function application. Listens on http://127.0.0.1:7071 unless <c>--urls</c>, <c>ASPNETCORE_URLS</c> or
/// <c>LocalHttpPort</c> in local.settings.json says otherwise.
/// </summary>
public class FunctionsApplicationBuilder : IHostApplicationBuilder, IFunctionsWorkerApplicationBuilder
{
    private readonly WebApplicationBuilder _web;
    private readonly FunctionPipeline _pipeline = new();
    private readonly List<string> _faults = [];

    internal FunctionsApplicationBuilder(string[] args)
    {
        _web = WebApplication.CreateBuilder(args);
        LocalSettings.AddTo(_web.Configuration, FileInReach("local.settings.json"), _faults);
        _web.Services.AddOptions<WorkerOptions>();
    }

    public IDictionary<object, object> Properties => ((IHostApplicationBuilder)_web).Properties;

    public ConfigurationManager Configuration => _web.Configuration;

    IConfigurationManager IHostApplicationBuilder.Configuration => _web.Configuration;

    public IHostEnvironment Environment => _web.Environment;

    public ILoggingBuilder Logging => _web.Logging;

    public IMetricsBuilder Metrics => _web.Metrics;

    public IServiceCollection Services => _web.Services;

    internal bool HasWebApplication { get; set; }

    /// <summary>Checks configuration and declarations, and puts the host together.</summary>
    /// <exception cref="HostStartupException">Something is faulty; the exception lists all of it.</exception>
    public IHost Build()
    {
        HostSettings settings = HostSettingsReader.Read(
            FileInReach("host.json"), _web.Environment.ContentRootPath, _web.Configuration, _faults);
        FunctionCatalog catalog = FunctionCatalog.Discover(FunctionAssemblies.Of(Assembly.Load(_web.Environment.ApplicationName)));
        _faults.AddRange(catalog.Faults);
        HostPlan plan = HostPlan.Make(catalog, settings, _web.Configuration, HasWebApplication, _faults);
        HostServices.Add(_web, plan, _pipeline, _faults);
        if (_faults.Count > 0)
        {
            throw new HostStartupException(_faults);
        }

        WebApplication app = _web.Build();
        HostEndpoints.Map(app, plan);
        return app;
    }

    public void ConfigureContainer<TContainerBuilder>(
        IServiceProviderFactory<TContainerBuilder> factory, Action<TContainerBuilder>? configure = null)
        where TContainerBuilder : notnull => ((IHostApplicationBuilder)_web).ConfigureContainer(factory, configure);

    public IFunctionsWorkerApplicationBuilder Use(Func<FunctionExecutionDelegate, FunctionExecutionDelegate> middleware)
    {
        _pipeline.Use(middleware);
        return this;
    }

    // In the content root, else beside the application: "dotnet run" starts in the former, an installed service in neither.
    private string? FileInReach(string name) => new[] { _web.Environment.ContentRootPath, AppContext.BaseDirectory }
        .Select(folder => Path.Combine(folder, name))
        .FirstOrDefault(File.Exists);
}
