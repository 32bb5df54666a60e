namespace Heal.FunctionsWorker.Generators.Tests;

/// <summary>FUNC1001 to FUNC2005: methods and their parameters.</summary>
public sealed class ComplaintTests
{
    private const string Activity = "[ActivityTrigger] string input";

    [Theory]
    [InlineData("")]
    [InlineData("1st")]
    [InlineData("place order")]
    public void A_name_that_the_host_does_not_take_is_FUNC1001(string name) =>
        Complains("FUNC1001", $"'{name}'", $$"""[Function("{{name}}")] public void Run({{Activity}}) { }""");

    [Fact]
    public void Two_functions_whose_names_differ_in_case_only_are_FUNC1002() => Complains(
        "FUNC1002",
        "'run' is that of Functions.One already",
        $$"""
        [Function("Run")] public void One({{Activity}}) { }
        [Function("run")] public void Two({{Activity}}) { }
        """);

    [Theory]
    [InlineData("internal")]
    [InlineData("private")]
    [InlineData("protected")]
    public void A_method_that_is_not_public_is_FUNC1003(string access) =>
        Complains("FUNC1003", "Functions.Run", $$"""[Function("F")] {{access}} void Run({{Activity}}) { }""");

    [Fact]
    public void A_local_function_is_FUNC1003() => Complains(
        "FUNC1003", "'F'", $$"""public void Outer() { [Function("F")] static void Run({{Activity}}) { } Run(""); }""");

    [Theory]
    [InlineData("[Function(\"F\")] public void Run<T>([ActivityTrigger] string input) { }")]
    [InlineData("public class Inner<T> { [Function(\"F\")] public void Run([ActivityTrigger] string input) { } }")]
    public void A_generic_method_or_class_is_FUNC1004(string member) => Complains("FUNC1004", "function 'F'", member);

    [Theory]
    [InlineData("abstract class Inner")]
    [InlineData("interface Inner")]
    public void An_instance_method_of_a_class_that_nobody_can_create_is_FUNC1005(string type) =>
        Complains("FUNC1005", "Inner.Run", $$"""public {{type}} { [Function("F")] public void Run({{Activity}}) { } }""");

    [Fact]
    public void An_async_void_method_is_FUNC1006() =>
        Complains("FUNC1006", "async void", $$"""[Function("F")] public async void Run({{Activity}}) { await Task.Yield(); }""");

    [Theory]
    [InlineData("string text", "0 parameters")]
    [InlineData("[ActivityTrigger] string one, [QueueTrigger(\"queue\")] string other", "2 parameters")]
    public void No_trigger_and_two_are_FUNC1007(string parameters, string found) =>
        Complains("FUNC1007", found, $$"""[Function("F")] public void Run({{parameters}}) { }""");

    [Theory]
    [InlineData("string timer")]
    [InlineData("object timer")]
    [InlineData("Functions timer")]
    public void A_timer_may_be_text_or_a_class_of_the_applications_own(string parameter) => Assert.Empty(Generated.FromClass(
        $$"""[Function("F")] public void Run([TimerTrigger("0 * * * * *")] {{parameter}}) { }""").Complaints);

    [Theory]
    [InlineData("[TimerTrigger(\"0 * * * * *\")] TaskOrchestrationContext timer", "expected TimerInfo")]
    [InlineData("[TimerTrigger(\"0 * * * * *\")] int timer", "[TimerTrigger] and the type int; expected TimerInfo")]
    [InlineData("[OrchestrationTrigger] string context", "the type string; expected TaskOrchestrationContext")]
    [InlineData("[EntityTrigger] string entity", "the type string; expected TaskEntityDispatcher")]
    [InlineData("[ActivityTrigger] int i, [DurableClient] object client", "the type object; expected DurableTaskClient")]
    [InlineData("[OrchestrationTrigger] ref TaskOrchestrationContext context", "the type ref, in or out TaskOrchestrationContext")]
    public void A_parameter_of_another_type_than_its_attribute_fills_is_FUNC2001(string parameters, string found) =>
        Complains("FUNC2001", found, $$"""[Function("F")] public void Run({{parameters}}) { }""");

    [Fact]
    public void A_client_in_an_orchestrator_is_FUNC2002() => Complains(
        "FUNC2002",
        "'client'",
        """
        [Function("F")]
        public void Run([OrchestrationTrigger] TaskOrchestrationContext context, [DurableClient] DurableTaskClient client) { }
        """);

    [Theory]
    [InlineData("[ActivityTrigger] string input, HttpRequest request", "[HttpTrigger]")]
    [InlineData("[ActivityTrigger] string input, DurableTaskClient client", "[DurableClient]")]
    [InlineData("[ActivityTrigger] string input, List<string> service", "(List<string>)")]
    [InlineData("[HttpTrigger] HttpRequest request, Functions body", "[FromBody]")]
    [InlineData("[HttpTrigger] HttpRequest request, List<Functions> services", "(List<Functions>)")]
    public void A_parameter_that_nothing_fills_is_FUNC2003(string parameters, string found) =>
        Complains("FUNC2003", found, $$"""[Function("F")] public void Run({{parameters}}) { }""");

    [Theory]
    [InlineData("ref")]
    [InlineData("in")]
    public void A_parameter_by_reference_is_FUNC2004(string kind) =>
        Complains("FUNC2004", "'id'", $$"""[Function("F")] public void Run({{Activity}}, {{kind}} int id) { }""");

    [Fact]
    public void Several_inputs_of_an_orchestrator_are_FUNC2005_each() => Assert.Equal(
        ["FUNC2005", "FUNC2005"],
        Generated.FromClass(
            """[Function("F")] public void Run([OrchestrationTrigger] TaskOrchestrationContext context, string one, string two) { }""")
            .Complaints.Select(static complaint => complaint.Id));

    [Theory]
    [InlineData("[TimerTrigger(\"0 * * * * *\")] string timer, CancellationToken token, FunctionContext context")]
    [InlineData("[HttpTrigger] HttpRequestData request, HttpContext http, Guid id, DayOfWeek? day, nint size, decimal price, object any")]
    [InlineData("[HttpTrigger] HttpRequest request, [FromBody] Functions body, DateOnly date, Uri? uri, List<int>? rest = null")]
    [InlineData("[OrchestrationTrigger] TaskOrchestrationContext context, Functions input, CancellationToken token")]
    [InlineData("[EntityTrigger] TaskEntityDispatcher entity, [DurableClient] DurableTaskClient client")]
    [InlineData("[QueueTrigger(\"%queue%\")] Functions message, Converted converted, DateTimeOffset insertionTime")]
    public void What_the_host_takes_is_not_complained_of(string parameters) => Assert.Equal(
        [],
        Generated.FromClass(
            $$"""
            [Function("F")] public void Run({{parameters}}) { }
            [Microsoft.Azure.Functions.Worker.Converters.InputConverter(typeof(int))] public class Base;
            public sealed class Converted : Base;
            """).Compiles().Complaints);

    [Theory]
    [InlineData("""[Function("a b")] public void Run([ActivityTrigger] string input) { }""", "Test.cs: (8,10)-(8,15)")]
    [InlineData("""[Function("F")] public void Run([EntityTrigger] string entity) { }""", "Test.cs: (8,32)-(8,61)")]
    [InlineData("""[Function("F")] public void Run([QueueTrigger("Q")] string text) { }""", "Test.cs: (8,46)-(8,49)")]
    public void A_complaint_points_at_the_name_the_parameter_or_the_value(string member, string place) =>
        Assert.Equal(place, Assert.Single(Generated.FromClass(member).Complaints).Location.GetLineSpan().ToString());

    private static void Complains(string id, string part, string member)
    {
        var complaint = Assert.Single(Generated.FromClass(member).Complaints);
        Assert.Equal(id, complaint.Id);
        Assert.Contains(part, complaint.GetMessage(null), StringComparison.Ordinal);
    }
}
