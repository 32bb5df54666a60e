using Microsoft.DurableTask;
using Microsoft.DurableTask.Testing;

namespace Heal.DurableTask.Generators.Tests;

/// <summary>The functions that a function app gets around its class-based tasks, called as a host calls them.</summary>
public sealed class FunctionShimTests
{
    private const string App = """
        using Microsoft.Azure.Functions.Worker;
        using Microsoft.Extensions.DependencyInjection;

        public sealed class Words { public string Greeting => "Hello"; }

        public sealed record Guest(string Name);

        [DurableTask] public sealed class Greet : TaskOrchestrator<Guest, string>
        {
            public override async Task<string> RunAsync(TaskOrchestrationContext context, Guest input) =>
                await context.CallHelloAsync(input.Name) + await context.CallRawAsync(3);
        }

        [DurableTask] public sealed class Hello(Words words) : TaskActivity<string, string>
        {
            public override Task<string> RunAsync(TaskActivityContext context, string input) =>
                Task.FromResult($"{words.Greeting}, {input}! From {context.Name} for {context.InstanceId}.");
        }

        [DurableTask] public sealed class Raw : ITaskActivity
        {
            public Type InputType => typeof(object);
            public Type OutputType => typeof(string);
            public Task<object?> RunAsync(TaskActivityContext context, object? input) => Task.FromResult<object?>($" And {input}.");
        }

        public static class Host
        {
            public static void Register(DurableTaskRegistry tasks) => tasks
                .AddOrchestratorFunc<Guest, string>("Greet", static (context, _) => GeneratedDurableTaskExtensions.Greet(context))
                .AddActivityFunc<string, string>(
                    "Hello", static (context, input) => GeneratedDurableTaskExtensions.Hello(input, context.InstanceId, new Invocation()))
                .AddActivityFunc<object, object?>(
                    "Raw", static (context, input) => GeneratedDurableTaskExtensions.Raw(input, context.InstanceId, new Invocation()));
        }

        public sealed class Invocation : FunctionContext
        {
            public override string InvocationId => "1";
            public override string FunctionId => "1";
            public override TraceContext TraceContext => null!;
            public override BindingContext BindingContext => null!;
            public override Microsoft.Azure.Functions.Worker.RetryContext RetryContext => null!;
            public override FunctionDefinition FunctionDefinition => null!;
            public override IInvocationFeatures Features => null!;
            public override IDictionary<object, object> Items { get; set; } = new Dictionary<object, object>();
            public override IServiceProvider InstanceServices { get; set; } =
                new ServiceCollection().AddSingleton<Words>().BuildServiceProvider();
        }
        """;

    [Fact]
    public async Task They_create_the_class_with_its_services_and_run_it()
    {
        var app = TestCompilation.Load(Generated.From(App, "Functions").Compiles().Compilation);
        var register = app.GetType("Host")!.GetMethod("Register")!.CreateDelegate<Action<DurableTaskRegistry>>();
        await using var host = await DurableTaskTestHost.StartAsync(register);

        var id = await host.Client.ScheduleNewOrchestrationInstanceAsync(
            "Greet", new { Name = "Oslo" }, new StartOrchestrationOptions("night"));
        var done = await host.Client.WaitForInstanceCompletionAsync(id, getInputsAndOutputs: true);

        Assert.Equal("Hello, Oslo! From Hello for night. And 3.", done.ReadOutputAs<string>());
    }
}
