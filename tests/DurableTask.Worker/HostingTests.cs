using Microsoft.DurableTask;
using Microsoft.DurableTask.Converters;
using Microsoft.DurableTask.Entities;
using Microsoft.DurableTask.Worker;
using Microsoft.DurableTask.Worker.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Heal.DurableTask.Worker.Tests;

/// <summary>Workers as applications and other backends put them together.</summary>
public sealed class HostingTests
{
    private readonly ServiceCollection _services = new();

    [Fact]
    public void A_worker_without_a_backend_says_what_to_do()
    {
        var builder = new DefaultDurableTaskWorkerBuilder("test", _services);

        var error = Assert.Throws<InvalidOperationException>(() => builder.Build(_services.BuildServiceProvider()));

        Assert.Contains("has no backend", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(typeof(string))]
    [InlineData(typeof(DurableTaskWorker))]
    public void A_build_target_that_is_no_concrete_worker_is_refused(Type target) =>
        Assert.Throws<ArgumentException>(() => new DefaultDurableTaskWorkerBuilder("test", _services).UseBuildTarget(target));

    [Fact]
    public void A_build_target_gets_the_builders_name_and_its_tasks()
    {
        IDurableTaskWorkerBuilder builder = _services.AddDurableTaskWorker("test")
            .AddTasks(tasks => tasks.AddActivityFunc("Known", _ => { }))
            .UseBuildTarget<OwnWorker>();

        var worker = Assert.IsType<OwnWorker>(builder.Build(_services.BuildServiceProvider()));

        Assert.Equal("test", worker.OwnName);
        Assert.True(worker.OwnFactory.TryCreateActivity("known", _services.BuildServiceProvider(), out _));
        Assert.False(worker.OwnFactory.TryCreateOrchestrator("known", _services.BuildServiceProvider(), out _));
    }

    [Fact]
    public void A_name_is_one_builder_and_one_hosted_service()
    {
        Assert.Same(_services.AddDurableTaskWorker("a"), _services.AddDurableTaskWorker("a"));
        Assert.NotSame(_services.AddDurableTaskWorker("a"), _services.AddDurableTaskWorker());

        Assert.Equal(2, _services.Count(service => service.ServiceType == typeof(IHostedService)));
    }

    [Fact]
    public void The_containers_converter_is_used_unless_one_is_set()
    {
        var fromContainer = new JsonDataConverter();
        var set = new JsonDataConverter();
        _services.AddSingleton<DataConverter>(fromContainer);
        _services.AddDurableTaskWorker("a");
        _services.AddDurableTaskWorker("b").Configure(options => options.DataConverter = set);

        Assert.Same(fromContainer, OptionsOf<DurableTaskWorkerOptions>("a").DataConverter);
        Assert.Same(set, OptionsOf<DurableTaskWorkerOptions>("b").DataConverter);
        Assert.Same(JsonDataConverter.Default, new DurableTaskWorkerOptions().DataConverter);
    }

    [Fact]
    public void A_build_targets_own_options_begin_with_the_general_ones()
    {
        var converter = new JsonDataConverter();
        _services.AddDurableTaskWorker("test").UseBuildTarget<OwnWorker, OwnOptions>().Configure(options =>
        {
            options.DataConverter = converter;
            options.EnableEntitySupport = true;
            options.MaximumTimerInterval = TimeSpan.FromDays(1);
            options.Concurrency.MaximumConcurrentActivityWorkItems = 3;
            options.Logging.UseLegacyCategories = false;
        }).UseVersioning(new DurableTaskWorkerOptions.VersioningOptions { Version = "2" });

        OwnOptions own = OptionsOf<OwnOptions>("test");

        Assert.Same(converter, own.DataConverter);
        Assert.Equal((true, TimeSpan.FromDays(1), 3, false, "2"), (
            own.EnableEntitySupport,
            own.MaximumTimerInterval,
            own.Concurrency.MaximumConcurrentActivityWorkItems,
            own.Logging.UseLegacyCategories,
            own.Versioning!.Version));
        Assert.True(own.IsVersioningSet);
        Assert.False(new DurableTaskWorkerOptions().IsVersioningSet);
    }

    [Fact]
    public void Without_filters_a_worker_receives_everything()
    {
        _services.AddDurableTaskWorker("test").AddTasks(tasks => tasks.AddActivityFunc("Known", _ => { }));

        DurableTaskWorkerWorkItemFilters filters = OptionsOf<DurableTaskWorkerWorkItemFilters>("test");

        Assert.Empty(filters.Orchestrations);
        Assert.Empty(filters.Activities);
        Assert.Empty(filters.Entities);
    }

    [Fact]
    public void Filters_without_a_list_are_those_of_the_registered_tasks()
    {
        _services.AddDurableTaskWorker("test").AddTasks(Tasks).UseWorkItemFilters();

        DurableTaskWorkerWorkItemFilters filters = OptionsOf<DurableTaskWorkerWorkItemFilters>("test");

        Assert.Equal(
            ["Any: ", "Job: 1,2"], filters.Orchestrations.Select(filter => $"{filter.Name}: {string.Join(',', filter.Versions)}"));
        Assert.Equal(["Known: "], filters.Activities.Select(filter => $"{filter.Name}: {string.Join(',', filter.Versions)}"));
        Assert.Equal(["Counter"], filters.Entities.Select(filter => filter.Name));
    }

    [Fact]
    public void Under_strict_versioning_the_filters_hold_the_workers_own_version()
    {
        _services.AddDurableTaskWorker("test").AddTasks(Tasks).UseWorkItemFilters().UseVersioning(new()
        {
            Version = "2",
            MatchStrategy = DurableTaskWorkerOptions.VersionMatchStrategy.Strict,
        });

        DurableTaskWorkerWorkItemFilters filters = OptionsOf<DurableTaskWorkerWorkItemFilters>("test");

        Assert.All(filters.Orchestrations, filter => Assert.Equal(["2"], filter.Versions));
        Assert.All(filters.Activities, filter => Assert.Equal(["2"], filter.Versions));
        Assert.Equal(["Any", "Job"], filters.Orchestrations.Select(filter => filter.Name));
    }

    [Fact]
    public void Under_strict_versioning_a_name_that_does_not_serve_the_version_is_left_out()
    {
        _services.AddDurableTaskWorker("test").AddTasks(Tasks).UseWorkItemFilters().UseVersioning(new()
        {
            Version = "3",
            MatchStrategy = DurableTaskWorkerOptions.VersionMatchStrategy.Strict,
        });

        Assert.Equal("Any", Assert.Single(OptionsOf<DurableTaskWorkerWorkItemFilters>("test").Orchestrations).Name);
    }

    [Fact]
    public void Workers_of_different_names_have_filters_of_their_own()
    {
        _services.AddDurableTaskWorker("one").AddTasks(tasks => tasks.AddActivityFunc("One", _ => { })).UseWorkItemFilters();
        _services.AddDurableTaskWorker("two").AddTasks(tasks => tasks.AddActivityFunc("Two", _ => { })).UseWorkItemFilters(
            new DurableTaskWorkerWorkItemFilters { Activities = [new() { Name = "two" }] });

        Assert.Equal("One", Assert.Single(OptionsOf<DurableTaskWorkerWorkItemFilters>("one").Activities).Name);
        Assert.Equal("two", Assert.Single(OptionsOf<DurableTaskWorkerWorkItemFilters>("two").Activities).Name);
    }

    [Fact]
    public void No_list_takes_earlier_filters_away()
    {
        _services.AddDurableTaskWorker("test").AddTasks(Tasks).UseWorkItemFilters().UseWorkItemFilters(workItemFilters: null);

        Assert.Empty(OptionsOf<DurableTaskWorkerWorkItemFilters>("test").Orchestrations);
    }

    [Fact]
    public void Every_value_that_is_out_of_range_is_named_and_of_the_worker_that_has_it_only()
    {
        _services.AddDurableTaskWorker("right").UseTaskHub(_ => null!);
        _services.AddDurableTaskWorker("wrong")
            .Configure(options =>
            {
                options.MaximumTimerInterval = TimeSpan.Zero;
                options.Concurrency.MaximumConcurrentActivityWorkItems = 0;
                options.Concurrency.MaximumConcurrentOrchestrationWorkItems = -1;
                options.Concurrency.MaximumConcurrentEntityWorkItems = 0;
            })
            .UseTaskHub(_ => null!, options =>
            {
                options.RejectionDelay = TimeSpan.Zero;
                options.MaximumReconnectDelay = TimeSpan.FromSeconds(-1);
                options.WorkItemLockTimeout = TimeSpan.Zero;
            });

        Assert.Equal(TimeSpan.FromSeconds(30), OptionsOf<TaskHubWorkerOptions>("right").WorkItemLockTimeout);
        Assert.Equal(TimeSpan.FromDays(3), OptionsOf<DurableTaskWorkerOptions>("right").MaximumTimerInterval);
        Assert.Equal(
            [
                "TaskHubWorkerOptions of worker 'wrong': WorkItemLockTimeout is 00:00:00; expected at least 1 s.",
                "TaskHubWorkerOptions of worker 'wrong': MaximumReconnectDelay is -00:00:01; expected more than zero.",
                "TaskHubWorkerOptions of worker 'wrong': RejectionDelay is 00:00:00; expected more than zero.",
            ],
            Assert.Throws<OptionsValidationException>(() => OptionsOf<TaskHubWorkerOptions>("wrong")).Failures);
        Assert.Equal(
            [
                "DurableTaskWorkerOptions of worker 'wrong': MaximumTimerInterval is 00:00:00; expected more than zero.",
                "DurableTaskWorkerOptions of worker 'wrong': Concurrency.MaximumConcurrentActivityWorkItems is 0; expected at least 1.",
                "DurableTaskWorkerOptions of worker 'wrong': "
                    + "Concurrency.MaximumConcurrentOrchestrationWorkItems is -1; expected at least 1.",
                "DurableTaskWorkerOptions of worker 'wrong': Concurrency.MaximumConcurrentEntityWorkItems is 0; expected at least 1.",
            ],
            Assert.Throws<OptionsValidationException>(() => OptionsOf<DurableTaskWorkerOptions>("wrong")).Failures);
    }

    [Fact]
    public void Every_listed_name_that_is_not_registered_is_reported()
    {
        _services.AddDurableTaskWorker("test").AddTasks(Tasks).UseWorkItemFilters(new DurableTaskWorkerWorkItemFilters
        {
            Orchestrations = [new("job", ["1"]), new("Lost", null)],
            Activities = [new("Gone", [])],
            Entities = [new("Missing"), default],
        });

        var error = Assert.Throws<OptionsValidationException>(() => OptionsOf<DurableTaskWorkerWorkItemFilters>("test"));

        string failure = Assert.Single(error.Failures);
        Assert.Contains("worker 'test'", failure, StringComparison.Ordinal);
        Assert.Contains("Orchestrations: [Lost]", failure, StringComparison.Ordinal);
        Assert.Contains("Activities: [Gone]", failure, StringComparison.Ordinal);
        Assert.Contains("Entities: [Missing, ]", failure, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_the_last_filters_are_checked_and_only_once()
    {
        DurableTaskWorkerWorkItemFilters wrong = new() { Orchestrations = [new("Lost", null)] };
        _services.AddDurableTaskWorker("cleared").AddTasks(Tasks).UseWorkItemFilters(wrong).UseWorkItemFilters(null);
        _services.AddDurableTaskWorker("generated").AddTasks(Tasks).UseWorkItemFilters(wrong).UseWorkItemFilters();
        _services.AddDurableTaskWorker().AddTasks(Tasks).UseWorkItemFilters(wrong).UseWorkItemFilters(wrong);

        Assert.Empty(OptionsOf<DurableTaskWorkerWorkItemFilters>("cleared").Orchestrations);
        Assert.Equal(2, OptionsOf<DurableTaskWorkerWorkItemFilters>("generated").Orchestrations.Count);
        var error = Assert.Throws<OptionsValidationException>(() => OptionsOf<DurableTaskWorkerWorkItemFilters>(""));
        Assert.Contains("worker '<default>'", Assert.Single(error.Failures), StringComparison.Ordinal);
    }

    [Fact]
    public void Filters_that_list_nothing_are_not_checked()
    {
        _services.AddDurableTaskWorker("test").UseWorkItemFilters(null).UseWorkItemFilters(new DurableTaskWorkerWorkItemFilters());

        Assert.DoesNotContain(
            _services, service => service.ServiceType == typeof(IValidateOptions<DurableTaskWorkerWorkItemFilters>));
    }

    [Fact]
    public void An_orchestration_filter_is_created_with_services()
    {
        _services.AddSingleton<List<string>>();
#pragma warning disable CS0618 // Obsolete by contract.
        _services.AddDurableTaskWorker("test").UseOrchestrationFilter<OwnFilter>();
#pragma warning restore CS0618

        Assert.IsType<OwnFilter>(OptionsOf<DurableTaskWorkerOptions>("test").OrchestrationFilter);
    }

    [Fact]
    public void A_factory_creates_the_registered_entities_by_name()
    {
        var registry = new DurableTaskRegistry();
        registry.AddEntity<Counter>();
        var factory = Assert.IsAssignableFrom<IDurableTaskFactory2>(new DurableTaskFactory(registry));

        Assert.True(factory.TryCreateEntity("COUNTER", _services.BuildServiceProvider(), out ITaskEntity? entity));
        Assert.IsType<Counter>(entity);
        Assert.False(factory.TryCreateEntity("Other", _services.BuildServiceProvider(), out _));
    }

    [Fact]
    public void An_adapter_needs_a_provider() =>
        Assert.Throws<ArgumentNullException>(() => new ExceptionPropertiesProviderAdapter(null!));

    private T OptionsOf<T>(string name) => _services.BuildServiceProvider().GetRequiredService<IOptionsMonitor<T>>().Get(name);

    private static void Tasks(DurableTaskRegistry tasks) => tasks
        .AddOrchestratorFunc("Any", _ => Task.CompletedTask)
        .AddOrchestrator("Job", "1", () => null!)
        .AddOrchestrator("Job", "2", () => null!)
        .AddActivityFunc("Known", _ => { })
        .AddEntity<Counter>();

    private sealed class OwnOptions : DurableTaskWorkerOptions;

    private sealed class OwnWorker(string name, IDurableTaskFactory factory, IOptionsMonitor<DurableTaskWorkerOptions> options)
        : DurableTaskWorker(name, factory)
    {
        public string OwnName => Name;

        public IDurableTaskFactory OwnFactory => Factory;

        protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.FromResult(options);
    }

    private sealed class OwnFilter(List<string> asked) : IOrchestrationFilter
    {
        public ValueTask<bool> IsOrchestrationValidAsync(OrchestrationFilterParameters info, CancellationToken cancellationToken = default)
        {
            asked.Add(info.Name!);
            return ValueTask.FromResult(true);
        }
    }

    private sealed class Counter : TaskEntity<int>;
}
