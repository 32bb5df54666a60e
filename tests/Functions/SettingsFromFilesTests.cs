using System.Diagnostics;
using Heal.Drivers.Kubernetes;
using Heal.Functions.Composition;
using Heal.Functions.Incidents;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Heal.Functions.Tests;

/// <summary>What libraries read from the environment may stand in a settings file too: half of it there would do the wrong thing.</summary>
public sealed class SettingsFromFilesTests
{
    [Fact]
    public void A_kubeconfig_that_a_settings_file_names_is_the_one_that_is_used()
    {
        var configuration = Settings("KUBECONFIG", "/etc/heal/production.kubeconfig");
        using var services = new ServiceCollection().AddTargetCluster(configuration).BuildServiceProvider();

        var options = services.GetRequiredService<IOptions<KubernetesClientOptions>>().Value;

        Assert.Equal("/etc/heal/production.kubeconfig", options.KubeconfigPath);
    }

    [Fact]
    public async Task Spans_go_where_a_settings_file_says()
    {
        await using var receiver = await TraceReceiver.StartAsync();
        var configuration = Settings("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.Url, "OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
        await using var services = new ServiceCollection().AddSingleton(configuration).AddTelemetry(configuration).BuildServiceProvider();
        var telemetry = services.GetRequiredService<IHostedService>();
        await telemetry.StartAsync(CancellationToken.None);
        using var source = new ActivitySource(DurableIncidents.SpanSource);
        var span = source.StartActivity("of this test")!;
        span.Dispose();

        await telemetry.StopAsync(CancellationToken.None); // sends what it has

        Assert.Equal(["of this test"], receiver.NamesIn(span.TraceId.ToHexString()));
    }

    private static IConfiguration Settings(params string[] namesAndValues) => new ConfigurationBuilder()
        .AddInMemoryCollection(namesAndValues.Chunk(2).Select(pair => KeyValuePair.Create(pair[0], (string?)pair[1])))
        .Build();
}
