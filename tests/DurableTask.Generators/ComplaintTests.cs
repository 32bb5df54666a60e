namespace Heal.DurableTask.Generators.Tests;

/// <summary>DURABLE3001 to DURABLE3005.</summary>
public sealed class ComplaintTests
{
    private const string Body =
        "public override Task<int> RunAsync(TaskActivityContext context, int input) => Task.FromResult(input);";

    [Theory]
    [InlineData("place-order")]
    [InlineData("1st")]
    [InlineData(" ")]
    public void A_task_name_that_is_no_identifier_is_DURABLE3001(string name) => Complains(
        "DURABLE3001", $"'{name}'", $$"""[DurableTask("{{name}}")] public sealed class T : TaskActivity<int, int> { {{Body}} }""");

    [Fact]
    public void An_event_name_that_is_no_identifier_is_DURABLE3002() => Complains(
        "DURABLE3002", "'it-is-so'", """[DurableEvent("it-is-so")] public sealed record E;""");

    [Theory]
    [InlineData("", "")]
    [InlineData(", Version = \"2\"", ", Version = \"2\"")]
    [InlineData(", Version = \"v2\"", ", Version = \"V2\"")]
    public void Two_classes_of_one_name_and_version_are_DURABLE3003(string one, string other) => Complains(
        "DURABLE3003",
        "'A' and 'B' are both the activity",
        $$"""
        [DurableTask("T"{{one}})] public sealed class A : TaskActivity<int, int> { {{Body}} }
        [DurableTask("t"{{other}})] public sealed class B : TaskActivity<int, int> { {{Body}} }
        """);

    [Fact]
    public void Two_versions_of_one_name_are_DURABLE3004_in_a_function_app() => Complains(
        "DURABLE3004",
        "'B' becomes the function 'T'",
        $$"""
        [DurableTask("T", Version = "1")] public sealed class A : TaskActivity<int, int> { {{Body}} }
        [DurableTask("T", Version = "2")] public sealed class B : TaskActivity<int, int> { {{Body}} }
        """,
        "Functions");

    [Fact]
    public void A_task_with_the_name_of_a_function_is_DURABLE3004() => Complains(
        "DURABLE3004",
        "the method with [Function(\"T\")]",
        $$"""
        public static class F
        {
            [Microsoft.Azure.Functions.Worker.Function("T")]
            public static void Run([Microsoft.Azure.Functions.Worker.TimerTrigger("0 * * * * *")] string timer) { }
        }

        [DurableTask("T")] public sealed class A : TaskActivity<int, int> { {{Body}} }
        """,
        "Functions");

    [Fact]
    public void A_blank_version_is_DURABLE3005() => Complains(
        "DURABLE3005", "'T'", $$"""[DurableTask(Version = " ")] public sealed class T : TaskActivity<int, int> { {{Body}} }""");

    [Fact]
    public void A_complaint_points_at_the_attribute() => Assert.Equal(
        "Test.cs: (1,1)-(1,19)",
        Generated.From($$"""[DurableTask("a b")] public sealed class T : TaskActivity<int, int> { {{Body}} }""")
            .Complaints.Single().Location.GetLineSpan().ToString());

    private static void Complains(string id, string part, string source, string type = "Standalone")
    {
        var generated = Generated.From(source, type);
        var complaint = Assert.Single(generated.Complaints);
        Assert.Equal(id, complaint.Id);
        Assert.Contains(part, complaint.GetMessage(), StringComparison.Ordinal);
        // what is complained of is left out, so that the complaint is the only error
        Assert.Equal([], TestCompilation.FaultsOf(generated.Compilation));
    }
}
