using DurableTask.Core.Hub;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Converters;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Heal.DurableTask.Client.Tests;

public class HostingTests
{
    private readonly FakeTaskHub _hub = new(TimeProvider.System);
    private readonly IServiceCollection _services = new ServiceCollection().AddLogging();

    [Fact]
    public async Task A_client_over_a_hub_comes_from_the_container()
    {
        _services.AddDurableTaskClient(builder => builder.UseTaskHub(_ => _hub).UseDefaultVersion("1.2"));
        await using var provider = _services.BuildServiceProvider();
        await provider.GetRequiredService<DurableTaskClient>().ScheduleNewOrchestrationInstanceAsync("Heal");

        Assert.Equal("1.2", _hub.Created.Single().Start.Version);
    }

    [Fact]
    public async Task Clients_are_found_by_name_each_with_its_own_hub_and_options()
    {
        var other = new FakeTaskHub(TimeProvider.System);
        _services.AddKeyedSingleton<ITaskHub>("other", other);
        _services.AddDurableTaskClient(builder => builder.UseTaskHub(_ => _hub));
        _services.AddDurableTaskClient(
            "other", builder => builder.UseTaskHub(services => services.GetRequiredKeyedService<ITaskHub>("other")).UseDefaultVersion("2"));
        await using var provider = _services.BuildServiceProvider();
        var clients = provider.GetRequiredService<IDurableTaskClientProvider>();
        await clients.GetClient("other").ScheduleNewOrchestrationInstanceAsync("Heal");
        await clients.GetClient().ScheduleNewOrchestrationInstanceAsync("Heal");

        Assert.Equal("2", other.Created.Single().Start.Version);
        Assert.Equal("", _hub.Created.Single().Start.Version);
        Assert.Same(clients.GetClient(), clients.GetClient(""));
        Assert.Throws<ArgumentOutOfRangeException>(() => clients.GetClient("third"));
        Assert.Throws<ArgumentOutOfRangeException>(() => clients.GetClient("OTHER"));
    }

    [Fact]
    public void Only_the_default_client_is_the_containers_client_by_itself()
    {
        _services.AddDurableTaskClient("named", _ => { });
        Assert.DoesNotContain(_services, service => service.ServiceType == typeof(DurableTaskClient));

        _services.AddDurableTaskClient(_ => { });
        var client = Assert.Single(_services, service => service.ServiceType == typeof(DurableTaskClient));
        Assert.Equal(ServiceLifetime.Singleton, client.Lifetime);
    }

    [Fact]
    public void The_same_name_is_the_same_builder() =>
        Assert.Same(_services.AddDurableTaskClient("a"), _services.AddDurableTaskClient("a"));

    [Fact]
    public void Names_that_differ_in_case_are_two_clients() =>
        Assert.NotSame(_services.AddDurableTaskClient("a"), _services.AddDurableTaskClient("A"));

    [Fact]
    public void A_client_without_a_build_target_says_what_to_do()
    {
        _services.AddDurableTaskClient();
        using var provider = _services.BuildServiceProvider();
        var error = Assert.Throws<InvalidOperationException>(() => provider.GetRequiredService<IDurableTaskClientProvider>().GetClient());

        Assert.Contains("no build target", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_build_target_that_is_no_client_is_refused() =>
        Assert.Throws<ArgumentException>(() => _services.AddDurableTaskClient().UseBuildTarget(typeof(string)));

    [Fact]
    public void The_containers_converter_is_used_unless_one_is_set()
    {
        var fromContainer = new JsonDataConverter(new());
        var set = new JsonDataConverter(new());
        _services.AddSingleton<DataConverter>(fromContainer);
        _services.AddDurableTaskClient("a");
        _services.AddDurableTaskClient("b").Configure(options => options.DataConverter = set);
        using var provider = _services.BuildServiceProvider();
        var options = provider.GetRequiredService<IOptionsMonitor<DurableTaskClientOptions>>();

        Assert.Same(fromContainer, options.Get("a").DataConverter);
        Assert.Same(set, options.Get("b").DataConverter);
        Assert.Same(JsonDataConverter.Default, new DurableTaskClientOptions().DataConverter);
    }

    [Fact]
    public void A_build_targets_own_options_begin_with_the_general_ones()
    {
        _services.AddDurableTaskClient().UseBuildTarget<TaskHubClient, OwnOptions>().UseDefaultVersion("3");
        using var provider = _services.BuildServiceProvider();

        Assert.Equal("3", provider.GetRequiredService<IOptionsMonitor<OwnOptions>>().Get("").DefaultVersion);
    }

    [Fact]
    public void A_limit_out_of_range_is_refused()
    {
        _services.AddDurableTaskClient().UseTaskHub(_ => _hub, options => options.ReplaceTimeout = TimeSpan.Zero);
        using var provider = _services.BuildServiceProvider();

        Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<IDurableTaskClientProvider>().GetClient());
    }

    [Fact]
    public void Entities_are_refused_with_a_reason()
    {
        _services.AddDurableTaskClient().UseTaskHub(_ => _hub);
        using var provider = _services.BuildServiceProvider();
        var client = provider.GetRequiredService<IDurableTaskClientProvider>().GetClient();

        Assert.Throws<NotSupportedException>(() => client.Entities);
    }

    private sealed class OwnOptions : DurableTaskClientOptions;
}
