using Microsoft.DurableTask.Analyzers.Orchestration;

namespace Heal.DurableTask.Analyzers.Tests;

/// <summary>DURABLE0010 and DURABLE0011.</summary>
public sealed class LoggerAndLoopTests
{
    [Theory]
    [InlineData("[|_logger|].LogInformation(\"x\");")]
    [InlineData("[|Logger|].LogInformation(\"x\");")]
    [InlineData("Say([|_logger|]); void Say(ILogger logger) { [|logger|].LogInformation(\"x\"); }")]
    [InlineData("Say(context.CreateReplaySafeLogger(\"x\")); Say([|_logger|]); void Say(ILogger one) => [|one|].LogInformation(\"x\");")]
    [InlineData("var logger = [|_factory.CreateLogger(\"x\")|]; [|logger|].LogInformation(\"x\");")]
    [InlineData("ILogger logger = context.CreateReplaySafeLogger(\"x\"); logger = [|_logger|]; [|logger|].LogInformation(\"x\");")]
    [InlineData("ILogger safe = context.CreateReplaySafeLogger(\"x\"), one = [|Logger|] ?? safe; [|one|].LogInformation(\"x\");")]
    [InlineData("ILogger safe = context.CreateReplaySafeLogger(\"x\"), one = input > 1 ? safe : safe; one.LogInformation(\"x\");")]
    [InlineData("Set(context.CreateReplaySafeLogger(\"x\")); void Set(ILogger it) { it = [|_logger|]; [|it|].LogInformation(\"x\"); }")]
    [InlineData("Go(context.CreateReplaySafeLogger(\"x\")); void Go(ILogger it) { it.LogInformation(\"x\"); if (input > 0) Go(it); }")]
    [InlineData("if (!context.IsReplaying) _logger.LogInformation(\"x\");")]
    [InlineData("var logger = context.CreateReplaySafeLogger(\"x\"); logger.LogInformation(\"x\"); Help(logger);")]
    [InlineData("context.CreateReplaySafeLogger<Flow>().LogInformation(\"x\");")]
    [InlineData("context.ReplaySafeLoggerFactory.CreateLogger(\"x\").LogInformation(\"x\");")]
    [InlineData("_safe = context.CreateReplaySafeLogger(\"x\"); [|_safe|].LogInformation(\"x\");")]
    [InlineData("new Part(context.CreateReplaySafeLogger(\"x\")).Go();")]
    public Task A_logger_that_does_not_know_of_replays_is_DURABLE0010(string statement) => Analyzed.ByAsync<LoggerOrchestrationAnalyzer>(
        "DURABLE0010",
        $$"""
        public class Flow : TaskOrchestrator<int, int>
        {
            private static readonly ILogger _logger = null!;
            private static readonly ILoggerFactory _factory = null!;
            private static ILogger<Flow> Logger { get; } = null!;
            private ILogger _safe = null!;
            public override Task<int> RunAsync(TaskOrchestrationContext context, int input) { {{statement}} return Task.FromResult(1); }
            private static void Help(ILogger logger) => Deeper(logger);
            private static void Deeper(ILogger logger) => logger.LogInformation("x");
            private sealed class Part(ILogger logger) { public void Go() => logger.LogInformation("x"); }
        }
        """);

    [Fact]
    public Task A_logger_of_the_class_is_DURABLE0010() => Analyzed.ByAsync<LoggerOrchestrationAnalyzer>(
        "DURABLE0010",
        """
        public class Flow(ILogger logger) : TaskOrchestrator<int, int>
        {
            public override Task<int> RunAsync(TaskOrchestrationContext context, int input)
            { [|logger|].LogInformation("x"); return Task.FromResult(1); }
        }
        """);

    [Fact]
    public Task A_logger_parameter_of_a_function_is_DURABLE0010() => Analyzed.ByAsync<LoggerOrchestrationAnalyzer>(
        "DURABLE0010",
        """
        public static class Functions { [Function("F")] public static void Run(
            [OrchestrationTrigger] TaskOrchestrationContext context, [|ILogger logger|], FunctionContext function)
        { [|function.GetLogger("x")|].LogInformation("x"); } }
        """);

    [Theory]
    [InlineData("[|while|] (true) { await context.CallActivityAsync(\"a\"); }")]
    [InlineData("[|for|] (;;) { await context.CallActivityAsync(\"a\"); if (input == \"\") continue; }")]
    [InlineData("[|do|] { await context.CallActivityAsync(\"a\"); } while (true);")]
    [InlineData("while (true) { if (await context.CallActivityAsync<bool>(\"a\")) return 1; }")]
    [InlineData("while (true) { if (await context.CallActivityAsync<bool>(\"a\")) break; }")]
    [InlineData("while (input.Length > 0) { await context.CallActivityAsync(\"a\"); }")]
    [InlineData("while (true) { await context.CallActivityAsync(\"a\"); if (context.IsReplaying) { context.ContinueAsNew(); return 1; } }")]
    [InlineData("while (true) { Go(); void Go() { context.ContinueAsNew(); } }")]
    [InlineData("IEnumerable<int> Numbers() { var n = 0; while (true) yield return n++; } Numbers().First();")]
    public Task A_loop_without_an_end_is_DURABLE0011(string statement) => Analyzed.ByAsync<ContinueAsNewOrchestrationAnalyzer>(
        "DURABLE0011",
        $$"""
        #pragma warning disable CS0162
        {{Shape.Class.Around("if (input is null) return 2; " + statement)}}
        """);

    [Fact]
    public Task A_loop_that_continues_as_new_through_a_helper_is_none() => Analyzed.ByAsync<ContinueAsNewOrchestrationAnalyzer>(
        "DURABLE0011",
        """
        public class Flow : TaskOrchestrator<int, int>
        {
            public override async Task<int> RunAsync(TaskOrchestrationContext context, int input)
            { while (true) { await Task.Yield(); Next(context); } }
            private static void Next(TaskOrchestrationContext context) => context.ContinueAsNew();
        }
        """);

    [Fact]
    public Task Work_outside_of_orchestrators_may_loop() => Analyzed.ByAsync<ContinueAsNewOrchestrationAnalyzer>(
        "DURABLE0011", Shapes.InActivity("while (input.Length > 0) { } if (input != \"\") while (true) { await Task.Yield(); }"));
}
