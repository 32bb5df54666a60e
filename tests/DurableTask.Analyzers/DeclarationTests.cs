using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.DurableTask.Analyzers.Functions.AttributeBinding;
using Microsoft.DurableTask.Analyzers.Functions.Orchestration;
using Microsoft.DurableTask.Analyzers.Orchestration;

namespace Heal.DurableTask.Analyzers.Tests;

/// <summary>DURABLE0007 to DURABLE0009 and DURABLE1001 to DURABLE1003: how functions are declared.</summary>
public sealed class DeclarationTests
{
    [Fact]
    public Task A_cancellation_token_is_DURABLE0007() => Analyzed.ByAsync<CancellationTokenOrchestrationAnalyzer>(
        "DURABLE0007", Function("[OrchestrationTrigger] TaskOrchestrationContext context, [|CancellationToken cancellation|]"));

    [Fact]
    public Task Other_parameters_are_no_DURABLE0007() => Analyzed.ByAsync<CancellationTokenOrchestrationAnalyzer>(
        "DURABLE0007", Function("[OrchestrationTrigger] TaskOrchestrationContext context, string input, FunctionContext function"));

    [Fact]
    public async Task Another_binding_is_DURABLE0008()
    {
        var analyzed = await Analyzed.ByAsync<OtherBindingsOrchestrationAnalyzer>(
            "DURABLE0008",
            Function("[OrchestrationTrigger] TaskOrchestrationContext context, [|[DurableClient] DurableTaskClient client|], int input"));

        Assert.Contains("orchestration 'F'", Assert.Single(analyzed.Messages), StringComparison.Ordinal);
    }

    [Fact]
    public Task The_binding_of_another_function_is_no_DURABLE0008() => Analyzed.ByAsync<OtherBindingsOrchestrationAnalyzer>(
        "DURABLE0008", Function("[TimerTrigger(\"0 * * * * *\")] TimerInfo timer, [DurableClient] DurableTaskClient client"));

    [Theory]
    [InlineData(Shape.Class)]
    [InlineData(Shape.Function)]
    [InlineData(Shape.Lambda)]
    [InlineData(Shape.Called)]
    public async Task GetInput_where_a_parameter_would_do_is_DURABLE0009(Shape shape)
    {
        var analyzed = await Analyzed.ByAsync<GetInputOrchestrationAnalyzer>(
            "DURABLE0009", shape.Around("_ = [|context.GetInput<string>()|];"));

        Assert.Equal([DiagnosticSeverity.Info], analyzed.Severities);
        Assert.Contains("'Flow'", Assert.Single(analyzed.Messages), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[|[OrchestrationTrigger] string context|]", "DURABLE1001")]
    [InlineData("[OrchestrationTrigger] TaskOrchestrationContext context", "DURABLE1001")]
    [InlineData("[|[DurableClient] object client|]", "DURABLE1002")]
    [InlineData("[DurableClient] DurableTaskClient client", "DURABLE1002")]
    [InlineData("[|[EntityTrigger] ITaskEntity dispatcher|]", "DURABLE1003")]
    [InlineData("[EntityTrigger] TaskEntityDispatcher dispatcher", "DURABLE1003")]
    public async Task An_attribute_on_the_wrong_type_is_an_error(string parameter, string id)
    {
        var source = Function(parameter);
        var analyzed = id switch
        {
            "DURABLE1001" => await Analyzed.ByAsync<OrchestrationTriggerBindingAnalyzer>(id, source),
            "DURABLE1002" => await Analyzed.ByAsync<DurableClientBindingAnalyzer>(id, source),
            _ => await Analyzed.ByAsync<EntityTriggerBindingAnalyzer>(id, source),
        };
        Assert.DoesNotContain(analyzed.Severities, static severity => severity != DiagnosticSeverity.Error);
    }

    [Fact]
    public async Task The_message_names_the_type_that_was_found() => Assert.Equal(
        ["[EntityTrigger] is on a parameter of the type 'int?'; expected TaskEntityDispatcher"],
        (await Analyzed.ByAsync<EntityTriggerBindingAnalyzer>("DURABLE1003", Function("[|[EntityTrigger] int? entity|]"))).Messages);

    [Fact]
    public void Every_rule_has_an_address_that_explains_it() => Assert.All(
        typeof(OtherBindingsOrchestrationAnalyzer).Assembly.GetExportedTypes()
            .Where(static type => type.IsSubclassOf(typeof(DiagnosticAnalyzer)) && !type.IsAbstract)
            .SelectMany(static type => ((DiagnosticAnalyzer)Activator.CreateInstance(type)!).SupportedDiagnostics),
        static rule => Assert.True(Uri.IsWellFormedUriString(rule.HelpLinkUri, UriKind.Absolute), rule.Id));

    private static string Function(string parameters) =>
        $$"""public static class Functions { [Function("F")] public static Task Run({{parameters}}) => Task.CompletedTask; }""";
}
