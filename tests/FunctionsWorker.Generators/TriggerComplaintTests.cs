namespace Heal.FunctionsWorker.Generators.Tests;

/// <summary>FUNC3001 to FUNC4005: what attributes say, and outputs.</summary>
public sealed class TriggerComplaintTests
{
    private const string Minutely = "[TimerTrigger(\"0 * * * * *\")] TimerInfo timer";

    [Fact]
    public void The_level_User_is_FUNC3001() => Complains(
        "FUNC3001",
        "expected Anonymous",
        "[Function(\"F\")] public void Run([HttpTrigger(AuthorizationLevel.User, \"get\")] HttpRequest r) { }");

    [Theory]
    [InlineData("\"get\", Route = \"orders/{id}\"", "\"post\", \"GET\", Route = \"/Orders/{id}\"", "method GET")]
    [InlineData("Route = \"same\"", "AuthorizationLevel.Admin, Route = \"same\"", "method * (all)")]
    [InlineData("\"get\", Route = \"G\"", "\"get\"", "route 'G' with method GET")]
    public void Two_functions_of_one_route_and_method_are_FUNC3002(string one, string other, string found) => Complains(
        "FUNC3002",
        found,
        $$"""
        [Function("F")] public void One([HttpTrigger({{one}})] HttpRequest request) { }
        [Function("G")] public void Two([HttpTrigger({{other}})] HttpRequest request) { }
        """);

    [Fact]
    public void Other_methods_of_one_route_are_not_complained_of() => Assert.Empty(Generated.FromClass("""
        [Function("F")] public void One([HttpTrigger("get", Route = "r")] HttpRequest request) { }
        [Function("G")] public void Two([HttpTrigger("post", Route = "r")] HttpRequest request) { }
        [Function("H")] public void Three([HttpTrigger("get", Route = "s")] HttpRequest request) { }
        [Function("I")] public void Four([HttpTrigger] HttpRequest request) { }
        """).Complaints);

    [Theory]
    [InlineData("* * * *", "has 4 fields")]
    [InlineData("", "has 0 fields")]
    [InlineData("0 0 * * * * 2030", "has 7 fields")]
    [InlineData("00:00:00.5", "is too short a time")]
    [InlineData("a b c d e", "has the field 'a'")]
    [InlineData("0 0 9-17, * * *", "has the field '9-17,'")]
    public void A_schedule_that_is_none_is_FUNC3003(string schedule, string found) =>
        Complains("FUNC3003", found, $$"""[Function("F")] public void Run([TimerTrigger("{{schedule}}")] TimerInfo timer) { }""");

    [Theory]
    [InlineData("* * * * *")]
    [InlineData("0 */5 * * * *")]
    [InlineData("0 0,30 9-17/2 1 Jan,jul mon-FRI")]
    [InlineData("00:05:00")]
    [InlineData("24:00:00")]
    [InlineData("1.00:00:00")]
    [InlineData("%SCHEDULE%")]
    public void A_schedule_or_a_setting_is_not_complained_of(string schedule) =>
        Assert.Empty(Generated.FromClass(
            $$"""[Function("F")] public void Run([TimerTrigger("{{schedule}}")] TimerInfo timer) { }""").Complaints);

    [Theory]
    [InlineData("ab", 56)]
    [InlineData("Orders_", 56)]
    [InlineData("a--b", 56)]
    [InlineData("a123456789-123456789-123456789-123456789-123456789-123456", 56)]
    public void A_queue_name_of_a_trigger_that_is_none_is_FUNC3004(string name, int longest) =>
        Complains("FUNC3004", $"3 to {longest}", $$"""[Function("F")] public void Run([QueueTrigger("{{name}}")] string text) { }""");

    [Fact]
    public void A_queue_name_in_capitals_is_not_complained_of() => Assert.Empty(Generated.FromClass(
        """[Function("F")] [QueueOutput("myOutput")] public string Run([QueueTrigger("myQueue")] string text) => text;""").Complaints);

    [Fact]
    public void A_queue_name_of_an_output_that_is_none_is_FUNC3004() => Complains(
        "FUNC3004",
        "'O' of function 'F' is none; expected 3 to 63",
        $$"""[Function("F")] [QueueOutput("O")] public string Run({{Minutely}}) => "";""");

    [Theory]
    [InlineData("[HttpTrigger] HttpRequest request", "[HttpTrigger] does not take")]
    [InlineData("[QueueTrigger(\"queue\")] string text", "maxDequeueCount")]
    [InlineData("[ActivityTrigger] string input", "TaskOptions.FromRetryPolicy")]
    [InlineData("[EntityTrigger] TaskEntityDispatcher entity", "a timer function only")]
    public void A_retry_attribute_that_does_nothing_is_FUNC3005(string parameter, string found) => Complains(
        "FUNC3005", found, $$"""[Function("F")] [FixedDelayRetry(3, "00:00:01")] public void Run({{parameter}}) { }""");

    [Theory]
    [InlineData("[FixedDelayRetry(-2, \"00:00:01\")]", "a count below -1")]
    [InlineData("[FixedDelayRetry(1, \"soon\")]", "the delay 'soon'")]
    [InlineData("[FixedDelayRetry(1, \"2.00:00:00\")]", "the delay '2.00:00:00'")]
    [InlineData("[ExponentialBackoffRetry(1, \"00:00:00\", \"00:01:00\")]", "the delay '00:00:00'")]
    [InlineData("[ExponentialBackoffRetry(1, \"00:01:00\", \"00:00:01\")]", "the delay '00:00:01'")]
    public void Retry_values_that_mean_nothing_are_FUNC3007(string attribute, string found) =>
        Complains("FUNC3007", found, $$"""[Function("F")] {{attribute}} public void Run({{Minutely}}) { }""");

    [Theory]
    [InlineData("orders/{id")]
    [InlineData("orders/id}")]
    [InlineData("orders/{a/{b}")]
    public void A_route_whose_braces_do_not_match_is_FUNC3008(string route) => Complains(
        "FUNC3008", $"'{route}'", $$"""[Function("F")] public void Run([HttpTrigger(Route = "{{route}}")] HttpRequest request) { }""");

    [Theory]
    [InlineData("orders/{id:regex(^[[a-z]]{{2}}$)}/{*rest}")]
    [InlineData("%ROUTE%/{id}")]
    public void A_route_whose_braces_match_is_not_complained_of(string route) => Assert.Empty(Generated.FromClass(
        $$"""[Function("F")] public void Run([HttpTrigger(Route = "{{route}}")] HttpRequest request) { }""").Complaints);

    [Theory]
    [InlineData("OrchestrationTrigger", "Orchestration", "TaskOrchestrationContext context")]
    [InlineData("ActivityTrigger", "Activity", "string input")]
    [InlineData("EntityTrigger", "EntityName", "TaskEntityDispatcher entity")]
    public void Two_durable_functions_of_one_name_are_FUNC3006(string trigger, string property, string parameter)
    {
        Complains("FUNC3006", "with the name 'ship', which is that of function 'Ship'", $$"""
            [Function("Ship")] public void One([{{trigger}}] {{parameter}}) { }
            [Function("G")] public void Two([{{trigger}}({{property}} = "ship")] {{parameter}}) { }
            """);
        Assert.Empty(Generated.FromClass($$"""
            [Function("Ship")] public void One([{{trigger}}({{property}} = "Send")] {{parameter}}) { }
            [Function("G")] public void Two([{{trigger}}({{property}} = "Ship")] {{parameter}}) { }
            """).Complaints);
    }

    [Fact]
    public void A_timer_takes_a_retry_attribute() => Assert.Empty(Generated.FromClass(
        $$"""[Function("F")] [ExponentialBackoffRetry(3, "00:00:01", "00:01:00")] public void Run({{Minutely}}) { }""").Complaints);

    [Theory]
    [InlineData("[QueueOutput(\"one\")] [return: QueueOutput(\"two\")] public string", "2 output attributes on the method")]
    [InlineData("[QueueOutput(\"one\")] public Outputs", "outputs on properties of what it returns (Message)")]
    [InlineData("public Doubled", "2 output attributes on property Message")]
    public void Several_outputs_for_one_value_are_FUNC4001(string head, string found) => Complains(
        "FUNC4001",
        found,
        $$"""
        [Function("F")] {{head}} Run({{Minutely}}) => null!;
        public class Outputs { [QueueOutput("outs")] public string? Message { get; set; } }
        public class Doubled { [QueueOutput("outs")] [Other] public string? Message { get; set; } }
        public sealed class OtherAttribute : Microsoft.Azure.Functions.Worker.Extensions.Abstractions.OutputBindingAttribute;
        """);

    [Theory]
    [InlineData("void Run", "{ }")]
    [InlineData("Task Run", "=> Task.CompletedTask;")]
    public void An_output_of_nothing_is_FUNC4002(string head, string body) => Complains(
        "FUNC4002",
        "[QueueOutput] and returns nothing",
        $$"""[Function("F")] [QueueOutput("outs")] public {{head}}({{Minutely}}) {{body}}""");

    [Theory]
    [InlineData("[HttpTrigger] HttpRequest request", "Task<Replies>", "2 outputs that reply")]
    [InlineData("[TimerTrigger(\"00:05:00\")] TimerInfo timer", "Task<Reply>", "no request to reply to")]
    public void Two_replies_and_one_without_a_request_are_FUNC4003(string parameter, string result, string found) => Complains(
        "FUNC4003",
        found,
        $$"""
        [Function("F")] public {{result}} Run({{parameter}}) => null!;
        public class Reply { [HttpResult] public string? Text { get; set; } }
        public class Replies : Reply { public IActionResult? Result { get; set; } }
        """);

    [Theory]
    [InlineData("[OrchestrationTrigger] TaskOrchestrationContext context")]
    [InlineData("[EntityTrigger] TaskEntityDispatcher entity")]
    public void An_output_of_an_orchestrator_or_entity_is_FUNC4004(string parameter) => Complains(
        "FUNC4004", "on an activity", $$"""[Function("F")] [QueueOutput("outs")] public string Run({{parameter}}) => "";""");

    [Fact]
    public void An_output_that_the_host_cannot_fill_is_FUNC4005() => Complains(
        "FUNC4005",
        "[Blob]",
        $$"""
        [Function("F")] [Blob] public string Run({{Minutely}}) => "";
        public sealed class BlobAttribute : Microsoft.Azure.Functions.Worker.Extensions.Abstractions.OutputBindingAttribute;
        """);

    [Fact]
    public void Outputs_on_properties_are_not_complained_of() => Assert.Empty(Generated.FromClass("""
        [Function("F")] public Task<Outputs> Run([HttpTrigger] HttpRequest request) => null!;
        public class Outputs
        {
            [QueueOutput("outs")] public string[]? Messages { get; set; }
            public IResult? Reply { get; set; }
            public string this[int index] => "";
        }
        """).Compiles().Complaints);

    private static void Complains(string id, string part, string member)
    {
        var complaint = Assert.Single(Generated.FromClass(member).Complaints);
        Assert.Equal(id, complaint.Id);
        Assert.Contains(part, complaint.GetMessage(null), StringComparison.Ordinal);
    }
}
