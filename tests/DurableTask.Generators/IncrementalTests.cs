using Microsoft.CodeAnalysis;

namespace Heal.DurableTask.Generators.Tests;

/// <summary>An editor runs the generator at each keystroke.</summary>
public sealed class IncrementalTests
{
    private const string Activity = """
        using Microsoft.DurableTask;
        [DurableTask] public sealed class Ping : TaskActivity<int, int>
        { public override Task<int> RunAsync(TaskActivityContext context, int input) => Task.FromResult(input); }
        """;

    [Fact]
    public void An_edit_elsewhere_writes_nothing_again() => Assert.Equal(
        [IncrementalStepRunReason.Cached], Reasons(compilation => compilation.AddSyntaxTrees(TestCompilation.Parse("class C;", "C.cs"))));

    [Fact]
    public void An_edit_of_a_tasks_type_writes_again() => Assert.Equal(
        [IncrementalStepRunReason.Modified],
        Reasons(compilation => compilation.ReplaceSyntaxTree(
            compilation.SyntaxTrees.Last(),
            TestCompilation.Parse(Activity.Replace("int", "long", StringComparison.Ordinal), "Test.cs"))));

    private static IEnumerable<IncrementalStepRunReason> Reasons(Func<Compilation, Compilation> edit)
    {
        var compilation = TestCompilation.Create(Activity);
        var driver = Generated.Driver("Standalone").RunGenerators(compilation).RunGenerators(edit(compilation));
        return driver.GetRunResult().Results.Single().TrackedOutputSteps.Values.Single()
            .SelectMany(static step => step.Outputs).Select(static output => output.Reason);
    }
}
