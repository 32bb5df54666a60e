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
    [InlineData("", "", "''")]
    [InlineData(", Version = \"2\"", ", Version = \"2\"", "'2'")]
    [InlineData(", Version = \"v2\"", ", Version = \"V2\"", "'V2'")]
    public void Two_classes_of_one_name_and_version_are_DURABLE3003(string one, string other, string version) => Complains(
        "DURABLE3003",
        $"is the task 't' with the version {version} already",
        $$"""
        [DurableTask("T"{{one}})] public sealed class A : TaskActivity<int, int> { {{Body}} }
        [DurableTask("t"{{other}})] public sealed class B : TaskActivity<int, int> { {{Body}} }
        """);

    [Fact]
    public void Two_versions_of_one_name_are_both_DURABLE3004_in_a_function_app()
    {
        var generated = Generated.From(
            $$"""
            [DurableTask("T", Version = "1")] public sealed class A : TaskActivity<int, int> { {{Body}} }
            [DurableTask("t", Version = "2")] public sealed class B : TaskActivity<int, int> { {{Body}} }
            """,
            "Functions");

        Assert.Equal(
            ["Test.cs: (1,13)-(1,16) DURABLE3004", "Test.cs: (2,13)-(2,16) DURABLE3004"],
            generated.Complaints.Select(static complaint => $"{complaint.Location.GetLineSpan()} {complaint.Id}"));
        Assert.Equal("", generated.Source);
    }

    [Fact]
    public void A_task_with_the_name_of_a_function_is_DURABLE3004() => Complains(
        "DURABLE3004",
        "The task 'T' becomes a function",
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

    [Theory]
    [InlineData("[DurableTask(\"a b\")]", "(1,13)-(1,18)")]
    [InlineData("[DurableTask(name: \"a b\", Version = \"1\")]", "(1,19)-(1,24)")]
    [InlineData("[DurableTask(Version = \" \")]", "(1,1)-(1,27)")]
    public void A_complaint_points_at_the_name_or_the_attribute(string attribute, string place) => Assert.Equal(
        $"Test.cs: {place}",
        Generated.From($$"""{{attribute}} public sealed class T : TaskActivity<int, int> { {{Body}} }""")
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
