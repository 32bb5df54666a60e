using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.DurableTask.Analyzers.Orchestration;

namespace Heal.DurableTask.Analyzers.Tests;

/// <summary>DURABLE0001 to DURABLE0006: what an orchestrator must not do.</summary>
public sealed class DeterminismTests
{
    public static TheoryData<Shape> AllShapes => [.. Enum.GetValues<Shape>()];

    [Theory]
    [MemberData(nameof(AllShapes))]
    public async Task Every_kind_of_orchestrator_and_what_it_calls_is_looked_at(Shape shape)
    {
        var analyzed = await Analyzed.ByAsync<DateTimeOrchestrationAnalyzer>(
            "DURABLE0001", shape.Around("var now = [|DateTime.UtcNow|]; _ = DateTime.MinValue;"));

        var message = Assert.Single(analyzed.Messages);
        Assert.Contains("'RunAsync' uses 'System.DateTime.UtcNow'", message, StringComparison.Ordinal);
        if (shape != Shape.Created) Assert.Contains("orchestration 'Flow'", message, StringComparison.Ordinal);
        Assert.Equal([DiagnosticSeverity.Warning], analyzed.Severities);
    }

    [Theory]
    [InlineData("DateTime.Now")]
    [InlineData("DateTime.Today")]
    [InlineData("DateTimeOffset.Now")]
    [InlineData("DateTimeOffset.UtcNow")]
    [InlineData("TimeProvider.System.GetUtcNow()")]
    [InlineData("Stopwatch.StartNew()")]
    [InlineData("Stopwatch.GetElapsedTime(0)")]
    [InlineData("new Stopwatch()")]
    public Task The_clock_is_DURABLE0001(string expression) => IsForbiddenAsync<DateTimeOrchestrationAnalyzer>("DURABLE0001", expression);

    [Theory]
    [InlineData("Stopwatch watch = null!; [|watch.Start()|]; watch.Stop();")]
    [InlineData("Stopwatch watch = null!; [|watch.Restart()|]; watch.Reset();")]
    [InlineData("var watch = [|new Stopwatch()|]; [|watch.Start()|]; _ = watch.Elapsed;")]
    public Task Starting_a_stopwatch_is_DURABLE0001(string statement) =>
        Analyzed.ByAsync<DateTimeOrchestrationAnalyzer>("DURABLE0001", Shape.Class.Around(statement));

    [Theory]
    [InlineData("Guid.NewGuid()")]
    [InlineData("Guid.CreateVersion7()")]
    [InlineData("new Random()")]
    [InlineData("Random.Shared")]
    public Task A_random_value_is_DURABLE0002(string expression) => IsForbiddenAsync<GuidOrchestrationAnalyzer>("DURABLE0002", expression);

    [Theory]
    [InlineData("await [|Task.Delay(5)|];")]
    [InlineData("await [|Task.Delay(TimeSpan.FromDays(1), CancellationToken.None)|];")]
    [InlineData("[|Thread.Sleep(5)|];")]
    public Task A_delay_is_DURABLE0003(string statement) =>
        Analyzed.ByAsync<DelayOrchestrationAnalyzer>("DURABLE0003", Shape.Class.Around(statement));

    [Theory]
    [InlineData("await [|Task.Run(() => { })|];")]
    [InlineData("await [|Task.CompletedTask.ContinueWith(_ => { })|];")]
    [InlineData("await [|Task.Factory.StartNew(() => { })|];")]
    [InlineData("[|new Thread(() => { }).Start()|];")]
    [InlineData("[|ThreadPool.QueueUserWorkItem(_ => { })|];")]
    [InlineData("[|Parallel.For(0, 2, _ => { })|];")]
    [InlineData("await Task.CompletedTask.ContinueWith(_ => { }, TaskContinuationOptions.ExecuteSynchronously);")]
    public Task A_thread_is_DURABLE0004(string statement) =>
        Analyzed.ByAsync<ThreadTaskOrchestrationAnalyzer>("DURABLE0004", Shape.Class.Around(statement));

    [Theory]
    [InlineData("new Thread(() => { }).Start()", "Thread.Start()")]
    [InlineData("Task<int>.Run(() => 0)", "Task.Run<int>(Func<int>)")]
    [InlineData("Task.FromResult(1).ContinueWith(_ => 0)", "Task<int>.ContinueWith<int>(Func<Task<int>, int>)")]
    [InlineData("Task<int>.Factory.StartNew(() => 0)", "TaskFactory<int>.StartNew(Func<int>)")]
    [InlineData("Task.Run(() => { })", "Task.Run(Action)")]
    [InlineData("Task.CompletedTask.ContinueWith(_ => { })", "Task.ContinueWith(Action<Task>)")]
    [InlineData("Task.Factory.StartNew(() => { })", "TaskFactory.StartNew(Action)")]
    public async Task The_message_names_the_api_with_its_types(string call, string api)
    {
        var analyzed = await Analyzed.ByAsync<ThreadTaskOrchestrationAnalyzer>("DURABLE0004", Shape.Class.Around($"[|{call}|];"));
        Assert.Contains($"'RunAsync' uses '{api}' when", Assert.Single(analyzed.Messages), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("using var client = [|new HttpClient()|]; await [|client.GetStringAsync(\"x\")|];")]
    [InlineData("HttpClient client = null!; await [|client.GetFromJsonAsync<int>(\"x\")|];")]
    [InlineData("[|File.ReadAllText(\"x\")|];")]
    [InlineData("[|Directory.CreateDirectory(\"x\")|];")]
    [InlineData("_ = [|new Azure.Storage.Queues.QueueClient(\"x\", \"y\")|];")]
    [InlineData("[|Process.Start(\"x\")|];")]
    [InlineData("DurableTaskClient client = null!; await [|client.GetInstanceAsync(\"x\")|];")]
    [InlineData("new StringReader(\"x\").ReadLine(); Path.Combine(\"a\", \"b\");")]
    public Task Io_is_DURABLE0005(string statement) =>
        Analyzed.ByAsync<IOOrchestrationAnalyzer>("DURABLE0005", Shape.Class.Around(statement));

    [Theory]
    [InlineData("Environment.GetEnvironmentVariable(\"x\")")]
    [InlineData("Environment.MachineName")]
    [InlineData("Environment.ExpandEnvironmentVariables(\"x\")")]
    public Task The_environment_is_DURABLE0006(string expression) =>
        IsForbiddenAsync<EnvironmentOrchestrationAnalyzer>("DURABLE0006", expression);

    [Theory]
    [InlineData("settings[\"x\"]", "IConfiguration.this[string]")]
    [InlineData("settings.GetSection(\"x\")", "IConfiguration.GetSection(string)")]
    [InlineData("options.Value", "IOptions<Flow.Limits>.Value")]
    [InlineData("snapshot.Value", "IOptions<Flow.Limits>.Value")]
    [InlineData("monitor.CurrentValue", "IOptionsMonitor<Flow.Limits>.CurrentValue")]
    public async Task Settings_are_DURABLE0006(string expression, string api)
    {
        var analyzed = await Analyzed.ByAsync<EnvironmentOrchestrationAnalyzer>("DURABLE0006", $$"""
            using Microsoft.Extensions.Configuration;
            using Microsoft.Extensions.Options;
            public class Flow(
                IConfiguration settings, IOptions<Flow.Limits> options, IOptionsSnapshot<Flow.Limits> snapshot,
                IOptionsMonitor<Flow.Limits> monitor) : TaskOrchestrator<int, int>
            {
                public sealed class Limits;
                public override Task<int> RunAsync(TaskOrchestrationContext context, int input)
                { _ = [|{{expression}}|]; return Task.FromResult((settings, options, snapshot, monitor).GetHashCode()); }
            }
            """);

        Assert.Contains($"'RunAsync' uses '{api}' when", Assert.Single(analyzed.Messages), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("context.CurrentUtcDateTime")]
    [InlineData("context.NewGuid()")]
    [InlineData("new Random(context.NewGuid().GetHashCode())")]
    [InlineData("Environment.NewLine")]
    [InlineData("nameof(DateTime.UtcNow)")]
    [InlineData("context.CreateTimer(TimeSpan.FromDays(1), CancellationToken.None)")]
    [InlineData("Task.WhenAll(context.CallActivityAsync(\"a\"), context.CallActivityAsync(\"b\"))")]
    public async Task What_the_context_offers_is_allowed(string expression)
    {
        var source = Shape.Class.Around($"_ = {expression};");
        await Analyzed.ByAsync<DateTimeOrchestrationAnalyzer>("DURABLE0001", source);
        await Analyzed.ByAsync<GuidOrchestrationAnalyzer>("DURABLE0002", source);
        await Analyzed.ByAsync<DelayOrchestrationAnalyzer>("DURABLE0003", source);
        await Analyzed.ByAsync<ThreadTaskOrchestrationAnalyzer>("DURABLE0004", source);
        await Analyzed.ByAsync<IOOrchestrationAnalyzer>("DURABLE0005", source);
        await Analyzed.ByAsync<EnvironmentOrchestrationAnalyzer>("DURABLE0006", source);
    }

    [Fact]
    public async Task A_method_of_two_orchestrators_is_told_of_each()
    {
        var analyzed = await Analyzed.ByAsync<GuidOrchestrationAnalyzer>("DURABLE0002", """
            public static class Help { public static Guid Make() => [|[|Guid.NewGuid()|]|]; }
            public class One : TaskOrchestrator<int, Guid>
            { public override Task<Guid> RunAsync(TaskOrchestrationContext context, int input) => Task.FromResult(Help.Make()); }
            public class Two : TaskOrchestrator<int, Guid>
            { public override Task<Guid> RunAsync(TaskOrchestrationContext context, int input) => Task.FromResult(Help.Make()); }
            """);

        Assert.Equal(
            ["'Make' for 'One'", "'Make' for 'Two'"],
            analyzed.Messages.Select(static message => message.Split('\''))
                .Select(static parts => $"'{parts[1]}' for '{parts[5]}'").Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("private readonly Guid _id = [|Guid.NewGuid()|];", "_id")]
    [InlineData("private Guid Id { get; } = [|Guid.NewGuid()|];", "Id")]
    [InlineData("private Guid Id => [|Guid.NewGuid()|];", "Id")]
    [InlineData("private Guid _id; public Flow() { _id = [|Guid.NewGuid()|]; }", "_id")]
    [InlineData("private sealed class Part { public Guid Id = [|Guid.NewGuid()|]; }", "new Part().Id")]
    [InlineData("private class Part { public static Guid operator +(Part a, int b) => [|Guid.NewGuid()|]; }", "new Part() + 1")]
    [InlineData("private IEnumerable<Guid> Some() { yield return [|Guid.NewGuid()|]; }", "Some()")]
    [InlineData("private Guid Local() { return Inner(); Guid Inner() => [|Guid.NewGuid()|]; }", "Local()")]
    public Task What_runs_on_the_way_is_looked_at(string member, string use) => Analyzed.ByAsync<GuidOrchestrationAnalyzer>(
        "DURABLE0002",
        $$"""
        public class Flow : TaskOrchestrator<int, string>
        {
            {{member}}
            public override Task<string> RunAsync(TaskOrchestrationContext context, int input) => Task.FromResult($"{{{use}}}");
        }
        """);

    [Theory]
    [InlineData("Guid.NewGuid()")]
    [InlineData("Task.Delay(5)")]
    public async Task An_activity_may_do_anything(string expression)
    {
        var source = Shapes.InActivity($"_ = {expression};");
        await Analyzed.ByAsync<GuidOrchestrationAnalyzer>("DURABLE0002", source);
        await Analyzed.ByAsync<DelayOrchestrationAnalyzer>("DURABLE0003", source);
    }

    [Fact]
    public Task A_recursive_helper_is_looked_at_once() => Analyzed.ByAsync<GuidOrchestrationAnalyzer>(
        "DURABLE0002", Shape.Class.Around("Guid Go(int n) { return n == 0 ? [|Guid.NewGuid()|] : Go(n - 1); } Go(3);"));

    private static Task<Analyzed> IsForbiddenAsync<TAnalyzer>(string id, string expression)
        where TAnalyzer : DiagnosticAnalyzer, new() =>
        Analyzed.ByAsync<TAnalyzer>(id, Shape.Class.Around($"_ = [|{expression}|];"));
}
