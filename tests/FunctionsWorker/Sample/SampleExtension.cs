using Heal.FunctionsWorker.Tests.Sample;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

[assembly: WorkerExtensionStartup(typeof(SampleExtension))]

namespace Heal.FunctionsWorker.Tests.Sample;

/// <summary>As a library of bindings would have it.</summary>
public sealed class SampleExtension : WorkerExtensionStartup
{
    public override void Configure(IFunctionsWorkerApplicationBuilder applicationBuilder) =>
        applicationBuilder.Services.AddSingleton(new Mark());

    public sealed class Mark;
}

/// <summary>As generated code would have it.</summary>
public sealed class SampleStartup : IAutoConfigureStartup
{
    public const string Key = "SampleStartup was here";

    public void Configure(IHostBuilder hostBuilder) => hostBuilder.Properties[Key] = Key;
}
