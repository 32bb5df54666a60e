namespace Heal.DurableTask.Generators.Tests;

/// <summary>Several classes of one name.</summary>
public sealed class VersionTests
{
    private const string Flow =
        "public override Task<int> RunAsync(TaskOrchestrationContext context, int input) => Task.FromResult(input);";

    [Fact]
    public void Versions_are_told_apart_by_class_and_by_version() => Assert.Equal(
        [
            "public CallOrderV1Async(int, TaskOptions? = default) : Task<int>",
            "public CallOrderV2Async(int, TaskOptions? = default) : Task<int>",
            "public CallOrder_1_0Async(int, TaskOptions? = default) : Task<int>",
            "public CallOrder_2_0Async(int, TaskOptions? = default) : Task<int>",
        ],
        Calls($$"""
            [DurableTask("Order", Version = "1.0")] public sealed class OrderV1 : TaskOrchestrator<int, int> { {{Flow}} }
            [DurableTask("Order", Version = "2.0")] public sealed class OrderV2 : TaskOrchestrator<int, int> { {{Flow}} }
            """));

    [Fact]
    public void The_one_without_a_version_keeps_the_plain_name() => Assert.Equal(
        [
            "public CallOldOrderAsync(int, TaskOptions? = default) : Task<int>",
            "public CallOrderAsync(int, TaskOptions? = default) : Task<int>",
            "public CallOrderV2Async(int, TaskOptions? = default) : Task<int>",
            "public CallOrder_v2Async(int, TaskOptions? = default) : Task<int>",
        ],
        Calls($$"""
            [DurableTask("Order")] public sealed class OldOrder : TaskOrchestrator<int, int> { {{Flow}} }
            [DurableTask("Order", Version = "v2")] public sealed class OrderV2 : TaskOrchestrator<int, int> { {{Flow}} }
            """));

    [Fact]
    public void A_version_alone_keeps_the_plain_name_too() => Assert.Equal(
        [
            "public CallOrderAsync(int, TaskOptions? = default) : Task<int>",
            "public CallOrder_v2Async(int, TaskOptions? = default) : Task<int>",
        ],
        Calls($$"""[DurableTask("Order", Version = "v2")] public sealed class OrderV2 : TaskOrchestrator<int, int> { {{Flow}} }"""));

    private static IEnumerable<string> Calls(string source) =>
        Generated.From(source).Compiles().Methods().Where(method => method.StartsWith("public Call", StringComparison.Ordinal));
}
