using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Worker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Heal.DurableTask.Engine.Tests;

public abstract partial class EngineTests
{
    [Fact]
    public async Task Workers_that_share_a_hub_receive_only_what_is_registered_with_them()
    {
        string store = NewStore();
        await using EngineHost one = await EngineHost.StartAsync(
            CreateHub(store),
            tasks => tasks.AddOrchestratorFunc<string>("One", context => context.CallActivityAsync<string>("Two's")),
            worker: builder => builder.UseWorkItemFilters());
        await using EngineHost two = await EngineHost.StartAsync(
            CreateHub(store),
            tasks => tasks
                .AddOrchestratorFunc<string>("Two", context => context.CallSubOrchestratorAsync<string>("One"))
                .AddActivityFunc<string>("Two's", _ => "by two"),
            worker: builder => builder.UseWorkItemFilters());

        Assert.Equal("by two", (await one.RunAsync("One")).ReadOutputAs<string>());
        Assert.Equal("by two", (await one.RunAsync("Two")).ReadOutputAs<string>());
    }

    [Fact]
    public async Task A_worker_leaves_versions_that_its_filter_does_not_list()
    {
        string store = NewStore();
        await using EngineHost first = await EngineHost.StartAsync(
            CreateHub(store),
            tasks => tasks.AddOrchestratorFunc<object?, string>("Job", "1", (_, _) => Task.FromResult("first")),
            worker: builder => builder.UseWorkItemFilters());
        string id = await first.Client.ScheduleNewOrchestrationInstanceAsync("Job", new StartOrchestrationOptions { Version = "2" });
        Assert.Equal("first", (await first.WaitAsync(await first.Client.ScheduleNewOrchestrationInstanceAsync(
            "Job", new StartOrchestrationOptions { Version = "1" }))).ReadOutputAs<string>());
        Assert.Equal(OrchestrationRuntimeStatus.Pending, (await first.Client.GetInstanceAsync(id))!.RuntimeStatus);

        await using EngineHost second = await EngineHost.StartAsync(
            CreateHub(store),
            tasks => tasks.AddOrchestratorFunc<object?, string>("Job", "2", (_, _) => Task.FromResult("second")),
            worker: builder => builder.UseWorkItemFilters(new DurableTaskWorkerWorkItemFilters
            {
                Orchestrations = [new("job", ["2"])],
            }));

        Assert.Equal("second", (await second.WaitAsync(id)).ReadOutputAs<string>());
    }

    [Fact]
    public async Task A_filter_for_a_name_that_is_not_registered_makes_the_start_fail() =>
        await Assert.ThrowsAsync<OptionsValidationException>(() => EngineHost.StartAsync(
            CreateHub(NewStore()),
            tasks => tasks.AddActivityFunc("Known", _ => { }),
            worker: builder => builder.UseWorkItemFilters(new DurableTaskWorkerWorkItemFilters
            {
                Activities = [new("Known", null), new("Unknown", null)],
            })));

    [Fact]
    public async Task An_orchestration_filter_holds_instances_back_by_name_and_tags_until_it_lets_them_pass()
    {
        var filter = new TagFilter();
        await using EngineHost engine = await EngineHost.StartAsync(
            CreateHub(NewStore()),
            tasks => tasks.AddOrchestratorFunc("Job", _ => "done"),
#pragma warning disable CS0618 // Obsolete by contract.
            worker: builder => builder.UseOrchestrationFilter(filter));
#pragma warning restore CS0618

        string held = await StartAsync(engine.Client, "red");
        Assert.Equal("done", (await engine.WaitAsync(await StartAsync(engine.Client, "blue"))).ReadOutputAs<string>());
        await filter.Refused.Task.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(OrchestrationRuntimeStatus.Pending, (await engine.Client.GetInstanceAsync(held))!.RuntimeStatus);
        filter.PassesAll = true;

        Assert.Equal("done", (await engine.WaitAsync(held)).ReadOutputAs<string>());

        static Task<string> StartAsync(DurableTaskClient client, string team) => client.ScheduleNewOrchestrationInstanceAsync(
            "Job", new StartOrchestrationOptions { Tags = new Dictionary<string, string>(StringComparer.Ordinal) { ["team"] = team } });
    }

    [Fact]
    public async Task A_filter_in_the_container_counts_too()
    {
        var filter = new TagFilter { PassesAll = true };
        await using EngineHost engine = await EngineHost.StartAsync(
            CreateHub(NewStore()),
            tasks => tasks.AddOrchestratorFunc("Job", _ => "done"),
            services: services => services.AddSingleton<IOrchestrationFilter>(filter));

        await engine.RunAsync("Job");

        Assert.Equal("Job", filter.LastName);
    }

    /// <summary>Refuses the team "red".</summary>
    private sealed class TagFilter : IOrchestrationFilter
    {
        public TaskCompletionSource Refused { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool PassesAll { get; set; }

        public string? LastName { get; private set; }

        public ValueTask<bool> IsOrchestrationValidAsync(OrchestrationFilterParameters info, CancellationToken cancellationToken = default)
        {
            LastName = info.Name;
            bool passes = PassesAll || info.Tags?.GetValueOrDefault("team") != "red";
            if (!passes)
            {
                Refused.TrySetResult();
            }

            return ValueTask.FromResult(passes);
        }
    }
}
