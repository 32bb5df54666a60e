using Microsoft.CodeAnalysis;
using Microsoft.DurableTask.Analyzers.Activities;

namespace Heal.DurableTask.Analyzers.Tests;

/// <summary>DURABLE2001 to DURABLE2004: calls of tasks by name.</summary>
public sealed class TaskCallTests
{
    private const string Activities = """
        public sealed record Cart(int Items);
        [DurableTask("Pay")] public class PayActivity : TaskActivity<Cart, string>
        { public override Task<string> RunAsync(TaskActivityContext context, Cart input) => Task.FromResult(""); }
        [DurableTask] public class Maybe : TaskActivity<string?, int?>
        { public override Task<int?> RunAsync(TaskActivityContext context, string? input) => Task.FromResult<int?>(1); }
        [DurableTask("Many", Version = "1")] public class Many1 : TaskActivity<int, int>
        { public override Task<int> RunAsync(TaskActivityContext context, int input) => Task.FromResult(1); }
        [DurableTask("Many", Version = "2")] public class Many2 : TaskActivity<Cart, Cart>
        { public override Task<Cart> RunAsync(TaskActivityContext context, Cart input) => Task.FromResult(input); }
        public static class Functions
        {
            [Function("List")] public static List<string> List([ActivityTrigger] int count) => [];
            [Function("Nothing")] public static Task Nothing([ActivityTrigger] TaskActivityContext context) => Task.CompletedTask;
            [Function("Read")] public static int Read([ActivityTrigger] FunctionContext context) => 1;
            [Function("f")] public static ValueTask<long> Renamed([ActivityTrigger(Activity = "Renamed")] object any) => new(1);
        }
        #nullable disable
        [DurableTask] public class Old : TaskActivity<string, int>
        { public override Task<int> RunAsync(TaskActivityContext context, string input) => Task.FromResult(1); }
        #nullable enable
        public static class Setup { public static void Add(DurableTaskRegistry tasks) => tasks
            .AddActivityFunc<int, string>("Func", (_, n) => "")
            .AddActivityFunc("Void", _ => { })
            .AddActivity<PayActivity>("PayAlso")
            .AddActivity("Made", _ => new PayActivity()); }

        """;

    [Theory]
    [InlineData("context.CallActivityAsync<string>(\"Pay\", new Cart(1))")]
    [InlineData("context.CallActivityAsync<string>(\"pay\", new { Items = 1 })")]
    [InlineData("context.CallActivityAsync<string>(\"Pay\", (object)1)")]
    [InlineData("context.CallActivityAsync<string>(new TaskName(\"PayAlso\"), input: new Cart(1))")]
    [InlineData("context.CallActivityAsync<string>(\"Made\", 5)")]
    [InlineData("context.CallActivityAsync<int?>(nameof(Maybe))")]
    [InlineData("context.CallActivityAsync<int>(nameof(Maybe), null)")]
    [InlineData("context.CallActivityAsync<int>(\"Many\", 1)")]
    [InlineData("context.CallActivityAsync<int>(\"Old\", input: null)")]
    [InlineData("context.CallActivityAsync<Cart>(\"Many\", new Cart(1))")]
    [InlineData("context.CallActivityAsync<IReadOnlyList<string>>(\"List\", 1)")]
    [InlineData("context.CallActivityAsync<string[]>(\"List\", (short)1)")]
    [InlineData("context.CallActivityAsync<object>(\"List\", 1)")]
    [InlineData("context.CallActivityAsync<System.Text.Json.JsonElement>(\"List\", 1)")]
    [InlineData("context.CallActivityAsync(\"Nothing\")")]
    [InlineData("context.CallActivityAsync<long>(\"Renamed\", \"anything\")")]
    [InlineData("context.CallActivityAsync<string>(\"Func\", 1, TaskOptions.FromRetryPolicy(null!))")]
    [InlineData("context.CallActivityAsync(\"Void\")")]
    [InlineData("context.CallActivityAsync(\"Void\", null)")]
    [InlineData("context.CallActivityAsync<int>(\"Read\")")]
    [InlineData("context.CallActivityAsync<int>(\"Read\", \"anything\")")]
    [InlineData("context.CallActivityAsync<string>(input, 1)")]
    public async Task A_call_that_fits_is_silent(string call)
    {
        await Analyzed.ByAsync<MatchingInputOutputTypeActivityAnalyzer>("DURABLE2001", Calling(call));
        await Analyzed.ByAsync<MatchingInputOutputTypeActivityAnalyzer>("DURABLE2002", Calling(call));
        await Analyzed.ByAsync<FunctionNotFoundAnalyzer>("DURABLE2003", Calling(call));
    }

    [Theory]
    [InlineData("[|context.CallActivityAsync<string>(\"Pay\", 1)|]", "gives 'int', but the input of activity 'Pay' is 'Cart'")]
    [InlineData("[|context.CallActivityAsync<string>(\"Pay\")|]", "gives 'none'")]
    [InlineData("[|context.CallActivityAsync<string>(\"PayAlso\", \"x\")|]", "gives 'string'")]
    [InlineData("[|context.CallActivityAsync<List<string>>(\"List\", null)|]", "gives 'none', but the input of activity 'List' is 'int'")]
    [InlineData("[|context.CallActivityAsync(\"Void\", 1)|]", "gives 'int', but the input of activity 'Void' is 'none'")]
    [InlineData("[|context.CallActivityAsync<int>(\"Old\")|]", "gives 'none', but the input of activity 'Old' is 'string'")]
    [InlineData("[|context.CallActivityAsync<string>(\"Func\", TaskOptions.FromRetryPolicy(null!))|]", "gives 'none'")]
    [InlineData("[|context.CallActivityAsync<int>(\"Many\", \"x\")|]", "gives 'string'")]
    public Task An_input_of_another_type_is_DURABLE2001(string call, string message) =>
        ComplainsAsync<MatchingInputOutputTypeActivityAnalyzer>("DURABLE2001", call, message, DiagnosticSeverity.Warning);

    [Theory]
    [InlineData("[|context.CallActivityAsync<int>(\"Pay\", new Cart(1))|]", "wants 'int', but activity 'Pay' returns 'string'")]
    [InlineData("[|context.CallActivityAsync<int>(\"Nothing\")|]", "returns 'none'")]
    [InlineData("[|context.CallActivityAsync<int[]>(\"List\", 1)|]", "returns 'List<string>'")]
    [InlineData("[|context.CallActivityAsync<int>(\"Renamed\", 1)|]", "returns 'long'")]
    public Task An_output_of_another_type_is_DURABLE2002(string call, string message) =>
        ComplainsAsync<MatchingInputOutputTypeActivityAnalyzer>("DURABLE2002", call, message, DiagnosticSeverity.Warning);

    [Fact]
    public Task An_unknown_activity_is_DURABLE2003() => ComplainsAsync<FunctionNotFoundAnalyzer>(
        "DURABLE2003", "[|context.CallActivityAsync<string>(\"Pya\", 1)|]", "the name 'Pya'", DiagnosticSeverity.Info);

    [Fact]
    public Task An_unknown_orchestrator_is_DURABLE2004() => ComplainsAsync<FunctionNotFoundAnalyzer>(
        "DURABLE2004", "[|context.CallSubOrchestratorAsync<string>(\"Pay\", 1)|]", "the name 'Pay'", DiagnosticSeverity.Info);

    [Theory]
    [InlineData("context.CallSubOrchestratorAsync<string>(\"Flow\", 1)")]
    [InlineData("context.CallSubOrchestratorAsync<string>(nameof(Other), 1)")]
    public Task A_known_orchestrator_is_silent(string call) => Analyzed.ByAsync<FunctionNotFoundAnalyzer>(
        "DURABLE2004",
        Calling(call) + """
            public static class Other
            { [Function(nameof(Other))] public static void Run([OrchestrationTrigger] TaskOrchestrationContext context) { } }
            """);

    [Fact]
    public Task A_name_that_only_the_running_program_knows_may_be_any() => Analyzed.ByAsync<FunctionNotFoundAnalyzer>(
        "DURABLE2003",
        Calling("context.CallActivityAsync<string>(\"Pya\", 1)") + """
            public static class More { public static void Add(DurableTaskRegistry tasks, string name) =>
                tasks.AddActivityFunc<int, string>(name, (_, n) => ""); }
            """);

    [Fact]
    public Task Tasks_of_a_referenced_project_are_known_and_internal_ones_too() => Analyzed.ByAsync<FunctionNotFoundAnalyzer>(
        "DURABLE2003",
        Flow("context.CallActivityAsync<string>(\"Pay\", 1); [|context.CallActivityAsync(\"Pya\")|]"),
        Other(Activities.Replace("public class", "internal class", StringComparison.Ordinal)));

    [Fact]
    public Task The_types_of_a_referenced_project_are_compared() => Analyzed.ByAsync<MatchingInputOutputTypeActivityAnalyzer>(
        "DURABLE2001",
        Flow("[|context.CallActivityAsync<string>(\"Pay\", 1)|]"),
        Other(Activities));

    private static MetadataReference Other(string source) =>
        TestCompilation.ToReference(Analyzed.CompilationOf(source).WithAssemblyName("Other"));

    private static async Task ComplainsAsync<TAnalyzer>(string id, string call, string message, DiagnosticSeverity severity)
        where TAnalyzer : Microsoft.CodeAnalysis.Diagnostics.DiagnosticAnalyzer, new()
    {
        var analyzed = await Analyzed.ByAsync<TAnalyzer>(id, Calling(call));
        Assert.Contains(message, Assert.Single(analyzed.Messages), StringComparison.Ordinal);
        Assert.Equal([severity], analyzed.Severities);
    }

    private static string Calling(string call) => Activities + Flow(call);

    private static string Flow(string call) => $$"""
        public class Flow : TaskOrchestrator<string, int>
        { public override async Task<int> RunAsync(TaskOrchestrationContext context, string input)
          { _ = {{call}}; await Task.Yield(); return 1; } }
        """;
}
