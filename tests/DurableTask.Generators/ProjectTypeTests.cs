using System.Reflection;
using Microsoft.Azure.Functions.Worker;

namespace Heal.DurableTask.Generators.Tests;

/// <summary>Function apps and others.</summary>
public sealed class ProjectTypeTests
{
    private const string Worker = "Microsoft.Azure.Functions.Worker";

    private const string Tasks = """
        public sealed class Flow;

        [DurableTask] public sealed class Greet : TaskOrchestrator<string, string>
        { public override Task<string> RunAsync(TaskOrchestrationContext context, string input) => context.CallHelloAsync(input); }

        [DurableTask] public sealed class Hello : TaskActivity<string, string>
        { public override Task<string> RunAsync(TaskActivityContext context, string input) => Task.FromResult("Hello, " + input); }

        internal sealed record Secret;

        [DurableTask] internal sealed class Hide : TaskActivity<Secret, Secret?>
        { public override Task<Secret?> RunAsync(TaskActivityContext context, Secret input) => Task.FromResult<Secret?>(input); }
        """;

    [Theory]
    [InlineData("Standalone", false)]
    [InlineData("standalone", false)]
    [InlineData("Functions", true)]
    [InlineData("Auto", true)]
    [InlineData("", true)]
    public void A_project_that_knows_the_triggers_is_a_function_app_unless_told_otherwise(string type, bool isFunctionApp) =>
        Assert.Equal(isFunctionApp, IsFunctionApp(Generated.From(Tasks, type).Compiles()));

    [Theory]
    [InlineData("Auto")]
    [InlineData("")]
    public void A_project_that_does_not_know_them_is_standalone(string type) =>
        Assert.False(IsFunctionApp(Generated.From(Tasks, type, [Worker]).Compiles()));

    [Fact]
    public void A_function_app_gets_a_function_for_each_class()
    {
        var assembly = TestCompilation.Load(Generated.From(Tasks, "Functions").Compiles().Compilation);

        var functions = assembly.GetTypes().SelectMany(static type => type.GetMethods())
            .Where(static method => method.GetCustomAttribute<FunctionAttribute>() is not null)
            .Select(static method => $"{method.GetCustomAttribute<FunctionAttribute>()!.Name} in {method.DeclaringType!.Name}: "
                + string.Join(", ", method.GetParameters().Select(static p => p.GetCustomAttributes().LastOrDefault()?.GetType().Name)));

        Assert.Equal(
            [
                "Greet in GeneratedDurableTaskExtensions: OrchestrationTriggerAttribute",
                "Hello in GeneratedDurableTaskExtensions: ActivityTriggerAttribute, , ",
                "Hide in GeneratedDurableTaskFunctions: ActivityTriggerAttribute, , ",
            ],
            functions.Select(static text => text.Replace("NullableAttribute", "", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void An_entity_of_a_function_app_is_dispatched_by_a_function()
    {
        var generated = Generated.From("""
            [DurableTask] public sealed class Counter : Microsoft.DurableTask.Entities.TaskEntity<int>
            { public void Add(int number) => State += number; }
            """, "Functions").Compiles();

        Assert.Contains("Task @Counter(", generated.Source, StringComparison.Ordinal);
        Assert.Contains("return dispatcher.DispatchAsync<global::Counter>();", generated.Source, StringComparison.Ordinal);
    }

    [Fact]
    public void Activity_functions_get_typed_calls_under_the_name_that_they_are_called_by()
    {
        var generated = Generated.From("""
            using Microsoft.Azure.Functions.Worker;
            namespace App
            {
                public static class Functions
                {
                    [Function("Add")] public static int Add([ActivityTrigger] int number, string instanceId) => number + 1;
                    [Function("AddLater")] public static async Task<int> AddLater([ActivityTrigger(Activity = "later")] int number)
                    { await Task.Yield(); return number; }
                    [Function("Clean")] public static Task Clean([ActivityTrigger] TaskActivityContext context) => Task.CompletedTask;
                    [Function("Note")] public static void Note([ActivityTrigger] string? @event) { }
                    [Function("Read")] public static void Read([ActivityTrigger] FunctionContext function) { }
                    #nullable disable
                    [Function("Old")] public static void Old([ActivityTrigger] object _) { }
                    #nullable enable
                    [Function("no-identifier")] public static void Odd([ActivityTrigger] string text) { }
                    [Function("Flow")] public static Task Flow([OrchestrationTrigger] TaskOrchestrationContext context) =>
                        context.CallAddAsync(1);
                }
            }
            """, "Auto").Compiles();

        Assert.Equal(
            [
                "public CallAddAsync(int, TaskOptions? = default) : Task<int>",
                "public CallAddLaterAsync(int, TaskOptions? = default) : Task<int>",
                "public CallCleanAsync(TaskOptions? = default) : Task",
                "public CallNoteAsync(string? = default, TaskOptions? = default) : Task",
                "public CallOldAsync(object? = default, TaskOptions? = default) : Task",
                "public CallReadAsync(TaskOptions? = default) : Task",
            ],
            generated.Methods());
        Assert.Contains("CallActivityAsync<int>(\"later\"", generated.Source, StringComparison.Ordinal);
        // whoever has a context to call with finds them, in whatever namespace the function is
        Assert.DoesNotContain("namespace App", generated.Source, StringComparison.Ordinal);
    }

    [Fact]
    public void A_version_changes_neither_function_nor_calls_of_a_function_app()
    {
        const string Task = """
            [DurableTask("Pay", Version = "2")] public sealed class PayActivity : TaskActivity<int, int>
            { public override Task<int> RunAsync(TaskActivityContext context, int input) => Task.FromResult(input); }
            """;

        Assert.Equal(
            Generated.From(Task.Replace(", Version = \"2\"", "", StringComparison.Ordinal), "Functions").Compiles().Source,
            Generated.From(Task, "Functions").Compiles().Source);
    }

    [Fact]
    public void A_standalone_project_registers_every_kind_of_task()
    {
        var source = Generated.From("""
            namespace Deep { public static class Outer { [DurableTask] internal sealed class Act : TaskActivity<int, int>
            { public override Task<int> RunAsync(TaskActivityContext context, int input) => Task.FromResult(input); } } }

            [DurableTask] public sealed class Flow : TaskOrchestrator<int, int>
            { public override Task<int> RunAsync(TaskOrchestrationContext context, int input) => Task.FromResult(input); }

            [DurableTask] public sealed class Counter : Microsoft.DurableTask.Entities.TaskEntity<int>
            { public void Add(int number) => State += number; }
            """).Compiles().Source;

        Assert.Contains("builder.AddActivity(typeof(global::Deep.Outer.Act));", source, StringComparison.Ordinal);
        Assert.Contains("builder.AddOrchestrator(typeof(global::Flow));", source, StringComparison.Ordinal);
        Assert.Contains("builder.AddEntity(typeof(global::Counter));", source, StringComparison.Ordinal);
    }

    private static bool IsFunctionApp(Generated generated)
    {
        var registers = generated.Source.Contains("AddAllGeneratedTasks", StringComparison.Ordinal);
        Assert.NotEqual(registers, generated.Source.Contains("OrchestrationTrigger", StringComparison.Ordinal));
        return !registers;
    }
}
