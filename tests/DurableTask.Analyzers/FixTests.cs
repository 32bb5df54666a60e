using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Formatting;
using Microsoft.CodeAnalysis.Simplification;
using Microsoft.DurableTask.Analyzers.Functions.AttributeBinding;
using Microsoft.DurableTask.Analyzers.Orchestration;

namespace Heal.DurableTask.Analyzers.Tests;

/// <summary>What an editor offers for DURABLE0001 to DURABLE0003 and DURABLE1001 to DURABLE1003.</summary>
public sealed class FixTests
{
    [Theory]
    [InlineData("var now = DateTime.UtcNow;", "var now = context.CurrentUtcDateTime;")]
    [InlineData("var now = DateTime.Now;", "var now = context.CurrentUtcDateTime;")]
    [InlineData("var now = DateTime.Today;", "var now = context.CurrentUtcDateTime.Date;")]
    [InlineData("var now = DateTimeOffset.UtcNow;", "var now = (DateTimeOffset)context.CurrentUtcDateTime;")]
    [InlineData("var now = DateTimeOffset.UtcNow.AddDays(1);", "var now = ((DateTimeOffset)context.CurrentUtcDateTime).AddDays(1);")]
    public Task The_clock_becomes_that_of_the_context(string before, string after) =>
        FixesAsync<DateTimeOrchestrationAnalyzer, DateTimeOrchestrationFixer>(Shape.Class, before, after);

    [Theory]
    [InlineData(Shape.Function)]
    [InlineData(Shape.Lambda)]
    [InlineData(Shape.Called)]
    public Task A_guid_becomes_one_of_the_context(Shape shape) =>
        FixesAsync<GuidOrchestrationAnalyzer, GuidOrchestrationFixer>(shape, "var id = Guid.NewGuid();", "var id = context.NewGuid();");

    [Theory]
    [InlineData("await Task.Delay(5);", "await context.CreateTimer(TimeSpan.FromMilliseconds(5), CancellationToken.None);")]
    [InlineData("await Task.Delay(TimeSpan.FromDays(1));", "await context.CreateTimer(TimeSpan.FromDays(1), CancellationToken.None);")]
    [InlineData("CancellationToken t = default; await Task.Delay(5, t);",
        "CancellationToken t = default; await context.CreateTimer(TimeSpan.FromMilliseconds(5), t);")]
    [InlineData("Thread.Sleep(5);", "await context.CreateTimer(TimeSpan.FromMilliseconds(5), CancellationToken.None);")]
    public Task A_delay_becomes_a_durable_timer(string before, string after) =>
        FixesAsync<DelayOrchestrationAnalyzer, DelayOrchestrationFixer>(Shape.Class, before, after);

    [Fact]
    public async Task A_context_in_a_field_is_used()
    {
        const string Source = """
            public class Part(TaskOrchestrationContext context)
            {
                private readonly TaskOrchestrationContext _context = context;
                public Guid Make() => Guid.NewGuid();
            }
            public class Flow : TaskOrchestrator<int, Guid>
            {
                public override Task<Guid> RunAsync(TaskOrchestrationContext context, int input) =>
                    Task.FromResult(new Part(context).Make());
            }
            """;
        Assert.Equal(
            Source.Replace("Guid.NewGuid()", "_context.NewGuid()", StringComparison.Ordinal),
            await FixedAsync<GuidOrchestrationAnalyzer, GuidOrchestrationFixer>(Source));
    }

    [Theory]
    [InlineData("public static class Help { public static Guid Make() => Guid.NewGuid(); }", "Help.Make()")]
    [InlineData("public static class Help { public static int Make() => Random.Shared.Next(); }", "Help.Make()")]
    public async Task Without_a_context_at_hand_nothing_is_offered(string helper, string call)
    {
        var source = helper + Shape.Class.Around($"_ = {call};");
        Assert.Equal(source, await FixedAsync<GuidOrchestrationAnalyzer, GuidOrchestrationFixer>(source));
    }

    [Fact]
    public async Task A_parameter_gets_the_type_that_its_attribute_is_for()
    {
        Assert.Equal(
            Parameter("[OrchestrationTrigger] TaskOrchestrationContext /* of */ it"),
            await FixedAsync<OrchestrationTriggerBindingAnalyzer, OrchestrationTriggerBindingFixer>(
                Parameter("[OrchestrationTrigger] int /* of */ it")));
        Assert.Equal(
            Parameter("[DurableClient] DurableTaskClient it"),
            await FixedAsync<DurableClientBindingAnalyzer, DurableClientBindingFixer>(Parameter("[DurableClient] List<int> it")));
        Assert.Equal(
            Parameter("[EntityTrigger] TaskEntityDispatcher it"),
            await FixedAsync<EntityTriggerBindingAnalyzer, EntityTriggerBindingFixer>(Parameter("[EntityTrigger] object? it")));

        static string Parameter(string parameter) => $"public static class Functions {{ public static void Run({parameter}) {{ }} }}";
    }

    private static async Task FixesAsync<TAnalyzer, TFixer>(Shape shape, string before, string after)
        where TAnalyzer : DiagnosticAnalyzer, new()
        where TFixer : CodeFixProvider, new() =>
        Assert.Equal(shape.Around(after), await FixedAsync<TAnalyzer, TFixer>(shape.Around(before)));

    // Applies the first offer, if there is one, as an editor does: with its own clean-up after it.
    private static async Task<string> FixedAsync<TAnalyzer, TFixer>(string source)
        where TAnalyzer : DiagnosticAnalyzer, new()
        where TFixer : CodeFixProvider, new()
    {
        using var workspace = new AdhocWorkspace();
        var compilation = Analyzed.CompilationOf(source);
        var project = workspace.AddProject("Test", LanguageNames.CSharp)
            .WithMetadataReferences(compilation.References)
            .WithParseOptions(TestCompilation.Language)
            .WithCompilationOptions(compilation.Options);
        DocumentId? id = null;
        foreach (var tree in compilation.SyntaxTrees)
        {
            var added = project.AddDocument(tree.FilePath, await tree.GetTextAsync());
            if (tree.FilePath == "Test.cs") id = added.Id;
            project = added.Project;
        }

        var document = project.GetDocument(id!)!;
        var diagnostic = Assert.Single(await Analyzed.FindAsync<TAnalyzer>((await project.GetCompilationAsync())!));
        CodeAction? offer = null;
        await new TFixer().RegisterCodeFixesAsync(
            new CodeFixContext(document, diagnostic, (action, _) => offer ??= action, CancellationToken.None));
        if (offer is null) return source;
        var change = Assert.Single((await offer.GetOperationsAsync(CancellationToken.None)).OfType<ApplyChangesOperation>());
        var changed = change.ChangedSolution.GetDocument(id!)!;
        changed = await Simplifier.ReduceAsync(changed, Simplifier.Annotation);
        changed = await Formatter.FormatAsync(changed, Formatter.Annotation);
        return (await changed.GetTextAsync()).ToString();
    }
}
