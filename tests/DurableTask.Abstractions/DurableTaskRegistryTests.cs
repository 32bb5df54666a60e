using System.Reflection;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Entities;
using Microsoft.Extensions.DependencyInjection;

namespace Heal.DurableTask.Abstractions.Tests;

public class DurableTaskRegistryTests
{
    private static readonly IServiceProvider NoServices = new ServiceCollection().BuildServiceProvider();
    private readonly DurableTaskRegistry _registry = new();

    [Fact]
    public void A_class_is_named_by_its_attribute_else_by_itself()
    {
        _registry.AddOrchestrator<Plain>().AddOrchestrator<Named>();

        Assert.Contains(new TaskKey("plain", default), _registry.OrchestratorFactories.Keys);
        Assert.Contains(new TaskKey("given", "2.0"), _registry.OrchestratorFactories.Keys);
    }

    [Fact]
    public void A_name_may_have_several_versions()
    {
        _registry.AddOrchestrator("Heal", "1", () => new Plain()).AddOrchestrator("Heal", "2", () => new Plain());

        Assert.Equal(2, _registry.GetOrchestrators().Count(entry => entry.Key == "Heal"));
    }

    [Fact]
    public void A_name_and_version_may_be_registered_once()
    {
        _registry.AddOrchestrator<Plain>().AddActivity<NeedsService>("Act").AddOrchestrator("v", "1", () => new Plain());

        Assert.Throws<ArgumentException>(() => _registry.AddOrchestrator("PLAIN", () => new Plain()));
        Assert.Throws<ArgumentException>(() => _registry.AddActivityFunc("act", _ => { }));
        var error = Assert.Throws<ArgumentException>(() => _registry.AddOrchestrator("v", "1", () => new Plain()));
        Assert.Contains("Orchestrator 'v' version '1' is registered already", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Orchestrators_and_activities_may_share_a_name()
    {
        _registry.AddOrchestratorFunc("Same", _ => { }).AddActivityFunc("Same", _ => { });

        Assert.Single(_registry.OrchestratorFactories);
        Assert.Single(_registry.ActivityFactories);
    }

    [Theory]
    [InlineData("Orchestrators", typeof(ITaskOrchestrator))]
    [InlineData("Activities", typeof(ITaskActivity))]
    [InlineData("Entities", typeof(ITaskEntity))]
    public void A_host_may_read_the_tasks_by_reflection(string property, Type task)
    {
        _registry.AddOrchestrator("a", "1", () => new Plain()).AddOrchestrator("a", "2", () => new Plain());
        _registry.AddActivityFunc("a", _ => { }).AddActivityFunc("b", _ => { });
        _registry.AddEntity("a", _ => null!).AddEntity("b", _ => null!);
        object tasks = typeof(DurableTaskRegistry).GetProperty(property, BindingFlags.Instance | BindingFlags.NonPublic)!
            .GetValue(_registry)!;

        Assert.IsAssignableFrom(
            typeof(IEnumerable<>).MakeGenericType(typeof(KeyValuePair<,>).MakeGenericType(
                typeof(TaskName), typeof(Func<,>).MakeGenericType(typeof(IServiceProvider), task))),
            tasks);
        Assert.Equal(2, ((System.Collections.IEnumerable)tasks).Cast<object>().Count());
    }

    [Fact]
    public void What_is_listed_cannot_be_cast_into_a_way_to_change_the_registry()
    {
        _registry.AddOrchestrator("a", () => new Plain()).AddActivityFunc("a", _ => { }).AddEntity("a", _ => null!);

        object[] lists = [_registry.GetOrchestrators(), _registry.GetActivities(), _registry.GetEntities()];

        Assert.DoesNotContain(lists, list => list is System.Collections.ICollection);
    }

    [Fact]
    public void Nothing_and_the_wrong_thing_are_refused()
    {
        Assert.Throws<ArgumentNullException>(() => _registry.AddOrchestrator((Type)null!));
        Assert.Throws<ArgumentNullException>(() => _registry.AddOrchestrator("x", (ITaskOrchestrator)null!));
        Assert.Throws<ArgumentNullException>(() => _registry.AddActivityFunc("x", (Action<TaskActivityContext>)null!));
        Assert.Throws<ArgumentException>(() => _registry.AddOrchestrator(typeof(string)));
        Assert.Throws<ArgumentException>(() => _registry.AddActivity<TaskActivity<int, int>>());
        Assert.Throws<ArgumentException>(() => _registry.AddOrchestratorFunc("", _ => { }));
    }

    [Fact]
    public void An_orchestrator_that_wants_services_is_refused()
    {
        var error = Assert.Throws<ArgumentException>(() => _registry.AddOrchestrator<WantsServices>());

        Assert.Contains("constructor without parameters", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_activity_is_created_with_services()
    {
        _registry.AddActivity<NeedsService>();
        var services = new ServiceCollection().AddSingleton("from the container").BuildServiceProvider();
        var activity = _registry.ActivityFactories.Single().Value(services);

        Assert.Equal("from the container", await activity.RunAsync(new FakeActivityContext(), 1));
    }

    [Fact]
    public async Task Every_shape_of_an_orchestrator_function_runs()
    {
        var ran = new List<string>();
        _registry
            .AddOrchestratorFunc<int, string>("a", (_, input) => Task.FromResult($"a{input}"))
            .AddOrchestratorFunc<int, string>("b", "1", (_, input) => Task.FromResult($"b{input}"))
            .AddOrchestratorFunc<int, string>("c", (_, input) => $"c{input}")
            .AddOrchestratorFunc<int>("d", (_, input) => Done(ran, $"d{input}"))
            .AddOrchestratorFunc<string>("e", _ => Task.FromResult("e"))
            .AddOrchestratorFunc("f", _ => Done(ran, "f"))
            .AddOrchestratorFunc<string>("g", _ => "g")
            .AddOrchestratorFunc<int>("h", (_, input) => ran.Add($"h{input}"))
            .AddOrchestratorFunc("i", _ => ran.Add("i"));
        var results = new List<object?>();
        foreach (var factory in _registry.OrchestratorFactories.OrderBy(entry => entry.Key.Name.Name, StringComparer.Ordinal))
        {
            var orchestrator = factory.Value(NoServices);
            results.Add(await orchestrator.RunAsync(new FakeOrchestrationContext(), orchestrator.InputType == typeof(int) ? 1 : null));
        }

        Assert.Equal(["a1", "b1", "c1", null, "e", null, "g", null, null], results);
        Assert.Equal(["d1", "f", "h1", "i"], ran);
    }

    [Fact]
    public async Task Every_shape_of_an_activity_function_runs()
    {
        var ran = new List<string>();
        _registry
            .AddActivityFunc<int, string>("a", (_, input) => Task.FromResult($"a{input}"))
            .AddActivityFunc<int, string>("b", "1", (_, input) => Task.FromResult($"b{input}"))
            .AddActivityFunc<int, string>("c", (_, input) => $"c{input}")
            .AddActivityFunc<int>("d", (_, input) => Done(ran, $"d{input}"))
            .AddActivityFunc<string>("e", _ => Task.FromResult("e"))
            .AddActivityFunc("f", _ => Done(ran, "f"))
            .AddActivityFunc<string>("g", _ => "g")
            .AddActivityFunc<int>("h", (_, input) => ran.Add($"h{input}"))
            .AddActivityFunc("i", _ => ran.Add("i"));
        var results = new List<object?>();
        foreach (var factory in _registry.ActivityFactories.OrderBy(entry => entry.Key.Name.Name, StringComparer.Ordinal))
        {
            var activity = factory.Value(NoServices);
            results.Add(await activity.RunAsync(new FakeActivityContext(), activity.InputType == typeof(int) ? 1 : null));
        }

        Assert.Equal(["a1", "b1", "c1", null, "e", null, "g", null, null], results);
        Assert.Equal(["d1", "f", "h1", "i"], ran);
    }

    [Fact]
    public void A_functions_types_are_those_of_its_signature()
    {
        _registry.AddActivityFunc<int, string>("a", (_, input) => $"{input}");
        var activity = _registry.ActivityFactories.Single().Value(NoServices);

        Assert.Equal(typeof(int), activity.InputType);
        Assert.Equal(typeof(string), activity.OutputType);
    }

    [Fact]
    public async Task An_input_of_another_type_is_refused()
    {
        _registry.AddActivityFunc<int, string>("a", (_, input) => $"{input}");
        var activity = _registry.ActivityFactories.Single().Value(NoServices);

        await Assert.ThrowsAsync<ArgumentException>(() => activity.RunAsync(new FakeActivityContext(), "text"));
    }

    private static Task Done(List<string> ran, string what)
    {
        ran.Add(what);
        return Task.CompletedTask;
    }

    private class Plain : TaskOrchestrator<int, int>
    {
        public override Task<int> RunAsync(TaskOrchestrationContext context, int input) => Task.FromResult(input);
    }

    [DurableTask("given", Version = "2.0")]
    private sealed class Named : Plain;

    private sealed class WantsServices(IServiceProvider services) : TaskOrchestrator<int, object>
    {
        public override Task<object> RunAsync(TaskOrchestrationContext context, int input) => Task.FromResult<object>(services);
    }

    private sealed class NeedsService(string text) : TaskActivity<int, string>
    {
        public override Task<string> RunAsync(TaskActivityContext context, int input) => Task.FromResult(text);
    }

    private sealed class FakeActivityContext : TaskActivityContext
    {
        public override TaskName Name => "Fake";

        public override string InstanceId => "fake-1";
    }
}
