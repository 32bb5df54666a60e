namespace Heal.DurableTask.Generators.Tests;

/// <summary>The typed calls.</summary>
public sealed class HelperTests
{
    private const string Order = """
        namespace Shop
        {
            public sealed record Cart(int Items);

            [DurableTask]
            public sealed class PlaceOrder : TaskOrchestrator<Cart, string>
            {
                public override Task<string> RunAsync(TaskOrchestrationContext context, Cart input) => context.CallPayAsync(input.Items);
            }

            [DurableTask("Pay")]
            public sealed class PayActivity : TaskActivity<int, string>
            {
                public override Task<string> RunAsync(TaskActivityContext context, int input) => Task.FromResult("paid");
            }
        }
        """;

    [Fact]
    public void An_orchestrator_can_be_started_and_called_and_an_activity_called_with_their_own_types() => Assert.Equal(
        [
            "public CallPayAsync(int, TaskOptions? = default) : Task<string>",
            "public CallPlaceOrderAsync(Cart, TaskOptions? = default) : Task<string>",
            "public ScheduleNewPlaceOrderInstanceAsync(Cart, StartOrchestrationOptions? = default) : Task<string>",
        ],
        Generated.From(Order, without: ["Microsoft.Azure.Functions.Worker"]).Compiles().Methods().Where(IsHelper));

    [Fact]
    public void Helpers_are_in_the_namespace_of_the_task()
    {
        var source = Generated.From("""
            namespace One { [DurableTask] public sealed class A : TaskActivity<int, int>
            { public override Task<int> RunAsync(TaskActivityContext context, int input) => Task.FromResult(input); } }
            namespace Two.Inner { [DurableTask] public sealed class B : TaskActivity<int, int>
            { public override Task<int> RunAsync(TaskActivityContext context, int input) => Task.FromResult(input); } }
            """).Compiles().Source;

        Assert.Contains("namespace One\n{", source, StringComparison.Ordinal);
        Assert.Contains("namespace Two.Inner\n{", source, StringComparison.Ordinal);
        Assert.Contains("namespace Microsoft.DurableTask\n{", source, StringComparison.Ordinal);
    }

    [Fact]
    public void Tasks_and_events_without_a_namespace_are_served_in_that_of_the_engine_under_the_official_parameter_names() =>
        Generated.From("""
            using Made = Microsoft.DurableTask.GeneratedDurableTaskExtensions;

            [DurableEvent] public sealed record Tick;

            [DurableTask] public sealed class Ping : TaskActivity<int, int>
            { public override Task<int> RunAsync(TaskActivityContext context, int input) => Task.FromResult(input); }

            [DurableTask] public sealed class Flow : TaskOrchestrator<int, int>
            {
                public override async Task<int> RunAsync(TaskOrchestrationContext context, int input)
                {
                    _ = Made.WaitForTickAsync(context: context, cancellationToken: default);
                    _ = Made.CallFlowAsync(context: context, input: 1, options: null);
                    return await Made.CallPingAsync(ctx: context, input: 1, options: null);
                }

                public static void Start(Microsoft.DurableTask.Internal.IOrchestrationSubmitter it, DurableTaskRegistry tasks)
                {
                    _ = Made.ScheduleNewFlowInstanceAsync(client: it, input: 1, options: null);
                    Made.AddAllGeneratedTasks(builder: tasks);
                }
            }
            """).Compiles();

    [Fact]
    public void A_task_in_the_engines_namespace_shares_its_class_with_the_registration() => Assert.Equal(
        ["internal AddAllGeneratedTasks() : DurableTaskRegistry", "public CallPingAsync(int, TaskOptions? = default) : Task<int>"],
        Generated.From("""
            namespace Microsoft.DurableTask { [DurableTask] public sealed class Ping : TaskActivity<int, int>
            { public override Task<int> RunAsync(TaskActivityContext context, int input) => Task.FromResult(input); } }
            """).Compiles().Methods());

    [Fact]
    public void An_input_that_may_be_null_may_be_left_out() => Assert.Contains(
        "public CallFindAsync(string? = default, TaskOptions? = default) : Task<int?>",
        Generated.From("""
            [DurableTask] public sealed class Find : TaskActivity<string?, int?>
            { public override Task<int?> RunAsync(TaskActivityContext context, string? input) => Task.FromResult<int?>(null); }
            """).Compiles().Methods());

    [Fact]
    public void A_nested_class_and_an_inherited_base_class_are_understood() => Assert.Contains(
        "public CallInnerAsync(List<Item[]>, TaskOptions? = default) : Task<Dictionary<string, Item?>>",
        Generated.From("""
            public static class Outer
            {
                public sealed record Item;

                public abstract class Base<T> : TaskActivity<List<T[]>, Dictionary<string, T?>> where T : class;

                [DurableTask] public sealed class Inner : Base<Item>
                {
                    public override Task<Dictionary<string, Item?>> RunAsync(TaskActivityContext context, List<Item[]> input) =>
                        Task.FromResult(new Dictionary<string, Item?>());
                }
            }
            """).Compiles().Methods());

    [Fact]
    public void Internal_types_give_internal_helpers() => Assert.Contains(
        "internal CallHideAsync(Secret, TaskOptions? = default) : Task<int>",
        Generated.From("""
            internal sealed record Secret;
            [DurableTask] internal sealed class Hide : TaskActivity<Secret, int>
            { public override Task<int> RunAsync(TaskActivityContext context, Secret input) => Task.FromResult(1); }
            """).Compiles().Methods());

    [Fact]
    public void An_internal_class_with_public_types_gives_a_public_helper() => Assert.Contains(
        "public CallHideAsync(int, TaskOptions? = default) : Task<int>",
        Generated.From("""
            [DurableTask] internal sealed class Hide : TaskActivity<int, int>
            { public override Task<int> RunAsync(TaskActivityContext context, int input) => Task.FromResult(1); }
            """).Compiles().Methods());

    [Theory]
    [InlineData("public abstract class T : TaskActivity<int, int>;")]
    [InlineData("public sealed class T<X> : TaskActivity<int, int> { " + Body + " }")]
    [InlineData("file sealed class T : TaskActivity<int, int> { " + Body + " }")]
    [InlineData("public class NoTask;")]
    public void A_class_that_generated_code_cannot_create_is_left_alone(string declaration) =>
        Assert.Equal("", Generated.From("[DurableTask] " + declaration).Compiles().Source);

    [Fact]
    public void A_private_class_is_left_alone() => Assert.Equal(
        "", Generated.From("public static class Outer { [DurableTask] private sealed class T : TaskActivity<int, int> { " + Body + " } }")
            .Compiles().Source);

    [Fact]
    public void A_task_that_only_implements_the_interface_takes_and_gives_any_object() => Assert.Equal(
        [
            "public CallRawAsync(object? = default, TaskOptions? = default) : Task<object?>",
            "public ScheduleNewRawInstanceAsync(object? = default, StartOrchestrationOptions? = default) : Task<string>",
        ],
        Generated.From("""
            [DurableTask] public sealed class Raw : ITaskOrchestrator
            {
                public Type InputType => typeof(object);
                public Type OutputType => typeof(object);
                public Task<object?> RunAsync(TaskOrchestrationContext context, object? input) => Task.FromResult(input);
            }
            """).Compiles().Methods().Where(IsHelper));

    [Fact]
    public void An_orchestrator_and_an_activity_may_share_name_and_types() => Assert.Equal(
        [
            "public CallTwinAsync(int, TaskOptions? = default) : Task<int>",
            "public ScheduleNewTwinInstanceAsync(int, StartOrchestrationOptions? = default) : Task<string>",
        ],
        Generated.From("""
            [DurableTask("Twin")] public sealed class A : TaskOrchestrator<int, int>
            { public override Task<int> RunAsync(TaskOrchestrationContext context, int input) => Task.FromResult(input); }
            [DurableTask("Twin")] public sealed class B : TaskActivity<int, int>
            { public override Task<int> RunAsync(TaskActivityContext context, int input) => Task.FromResult(input); }
            """).Compiles().Methods().Where(IsHelper));

    [Fact]
    public void A_name_may_be_a_keyword() => Assert.Contains(
        "public CallclassAsync(int, TaskOptions? = default) : Task<int>",
        Generated.From("[DurableTask(\"class\")] public sealed class @class : TaskActivity<int, int> { " + Body + " }")
            .Compiles().Methods());

    [Fact]
    public void An_event_can_be_awaited_and_sent() => Assert.Equal(
        [
            "public SendApproved(string, Approval) : void",
            "public SendTick(string, Tick) : void",
            "public WaitForApprovedAsync(CancellationToken = default) : Task<Approval>",
            "public WaitForTickAsync(CancellationToken = default) : Task<Tick>",
        ],
        Generated.From("""
            [DurableEvent("Approved")] public sealed record Approval(bool Yes);
            [DurableEvent] public struct Tick;
            """).Compiles().Methods());

    [Fact]
    public void What_is_generated_is_documented_and_obsolete_tasks_do_not_disturb_it() => Assert.Contains(
        "/// <summary>Calls the activity <see cref=\"global::Old\"/>.</summary>",
        Generated.From("[Obsolete] [DurableTask] public sealed class Old : TaskActivity<int, int> { " + Body + " }").Compiles().Source,
        StringComparison.Ordinal);

    private const string Body =
        "public override Task<int> RunAsync(TaskActivityContext context, int input) => Task.FromResult(input);";

    private static bool IsHelper(string method) => !method.Contains("AddAllGeneratedTasks", StringComparison.Ordinal);
}
