using System.Reflection;
using Microsoft.Azure.Functions.Worker.Discovery;
using Microsoft.CodeAnalysis;

namespace Heal.FunctionsWorker.Generators.Tests;

/// <summary>The list that the compiler writes, read as the host reads it.</summary>
public sealed class ListTests
{
    private const string App = """
        [assembly: System.Runtime.CompilerServices.InternalsVisibleTo("Other")]

        namespace App.Shop
        {
            public sealed record Order(string Number);

            public class Orders
            {
                [Function("Take")]
                public IActionResult Take([HttpTrigger(AuthorizationLevel.Function, "post")] HttpRequest http, [FromBody] Order? order) =>
                    new Microsoft.AspNetCore.Mvc.OkResult();

                [Function(Names.Again)]
                public static Task Take([QueueTrigger("orders")] List<(string Key, Order? Value)[]> batch, int? dequeueCount) =>
                    Task.CompletedTask;

                [Function("Any")]
                public void Any([ActivityTrigger] dynamic input, dynamic id) { }

                public static class @event
                {
                    [Function("Nested")] public static int @int([ActivityTrigger] Dictionary<string, Order[,]> input) => 1;
                }

                private static class Hidden
                {
                    [Function("Secret")] public static int Run([ActivityTrigger] string input) => 1;
                    [Function("Secret2")] public static int Run2([ActivityTrigger] string input) => 1;
                }

                internal static class Half
                {
                    [Function("Half")] public static int Run([ActivityTrigger] Kept input) => 1;
                    [Function("Other")] public static int Run([ActivityTrigger] string input) => 1;
                    private protected sealed class Never;
                    internal sealed record Kept(int Number);
                }
            }

            internal static class Names { public const string Again = "Take-again"; }
        }

        file static class Filed { [Function("Filed")] public static int Run([ActivityTrigger] string input) => 1; }

        [Obsolete("Gone soon")] public static class Old
        {
            [Obsolete("Gone soon")] [Function("Old")] public static int Run([ActivityTrigger] string input) => 1;
        }
        """;

    private const string Tasks = """
        [DurableTask] public sealed class Greet : TaskOrchestrator<string, string>
        {
            public override Task<string> RunAsync(TaskOrchestrationContext context, string input) => context.CallHelloAsync(new(input));
        }

        namespace App.Tasks
        {
            internal sealed record Guest(string Name);

            [DurableTask] internal sealed class Hello : TaskActivity<Guest, string>
            {
                public override Task<string> RunAsync(TaskActivityContext context, Guest input) => Task.FromResult(input.Name);
            }

            [DurableTask("Count")] public sealed class Counter : Microsoft.DurableTask.Entities.TaskEntity<int>;
        }
        """;

    private const string Method = """
        public static class Methods { [Function("Method")] public static int Run([ActivityTrigger] string input) => 1; }
        """;

    [Fact]
    public void The_list_names_the_same_methods_as_a_look_at_every_method()
    {
        var assembly = Generated.From(App).Load();

        Assert.Equal(10, Generated.Found(assembly).Length);
        Assert.Equal(Generated.Found(assembly), Generated.Listed(assembly));
    }

    [Fact]
    public void Only_what_no_code_can_name_is_looked_for()
    {
        var list = DeclaredFunctions.ListOf(Generated.From(App).Load())!;

        Assert.Equal(7, list.Functions().Length);
        var searched = list.ClassesToSearch();
        Assert.Equal(2, searched.Length);
        Assert.Contains("App.Shop.Orders+Hidden", searched);
    }

    [Fact]
    public void Class_based_tasks_are_functions_beside_the_methods()
    {
        var assembly = Generated.From("using App.Tasks;\n" + Tasks + Method).Load();

        string[] names = [.. Generated.Listed(assembly).Select(static f => f.Split(' ')[0])];
        Assert.Equal(["Count", "Greet", "Hello", "Method"], names);
        Assert.Equal(Generated.Found(assembly), Generated.Listed(assembly));
    }

    [Fact]
    public void A_project_without_functions_has_an_empty_list() =>
        Assert.Equal([], Generated.Listed(Generated.From("public sealed class Nothing;").Load()));

    [Fact]
    public void A_project_that_wants_no_list_is_looked_through()
    {
        var generated = Generated.From(Method, properties: ["FunctionsEnableMetadataSourceGen=false"]);

        Assert.Equal("", generated.Source);
        var assembly = generated.Load();
        Assert.Null(DeclaredFunctions.ListOf(assembly));
        Assert.Equal("Method", Assert.Single(FunctionCatalog.Read([assembly]).Functions).Name);
    }

    [Fact]
    public void A_project_without_the_host_gets_nothing()
    {
        var compilation = TestCompilation.Create("public sealed class Plain;", without: ["Microsoft.Azure.Functions.Worker"]);

        var result = Generated.Driver().RunGenerators(compilation).GetRunResult().Results[0];

        Assert.Null(result.Exception);
        Assert.Empty(result.GeneratedSources);
    }

    [Fact]
    public void Functions_of_referenced_assemblies_are_found_with_a_list_and_without_one()
    {
        var with = Generated.From(Method.Replace("Method", "With", StringComparison.Ordinal), "LibraryWith");
        var without = Generated.From(
            Method.Replace("Method", "Bare", StringComparison.Ordinal), "LibraryWithout", ["FunctionsEnableMetadataSourceGen=false"]);
        var app = Generated.From(
            Method, "App", null, TestCompilation.ToReference(with.Compilation), TestCompilation.ToReference(without.Compilation));
        Assembly[] libraries = [with.Load(), without.Load()];
        Assembly? Resolve(object? sender, ResolveEventArgs wanted) =>
            libraries.FirstOrDefault(library => library.GetName().Name == new AssemblyName(wanted.Name).Name);
        AppDomain.CurrentDomain.AssemblyResolve += Resolve;
        try
        {
            var assemblies = FunctionAssemblies.Of(app.Load());

            Assert.Equal(["LibraryWith", "LibraryWithout", "App"], assemblies.Select(static a => a.GetName().Name));
            Assert.Equal(["Bare", "Method", "With"], FunctionCatalog.Read(assemblies).Functions.Select(static f => f.Name));
        }
        finally
        {
            AppDomain.CurrentDomain.AssemblyResolve -= Resolve;
        }
    }

    [Fact]
    public void An_assembly_that_was_not_deployed_is_left_out()
    {
        var library = TestCompilation.ToReference(Generated.From(Method, "NotDeployed").Compilation);

        var app = Generated.From(Method, "App", null, library).Load();

        Assert.Equal([app], FunctionAssemblies.Of(app));
    }

    [Fact]
    public void A_project_that_does_not_see_all_its_assemblies_does_not_name_them() => Assert.DoesNotContain(
        "FunctionAssemblies",
        Generated.From(Method, properties: ["DisableTransitiveProjectReferences=true"]).Source,
        StringComparison.Ordinal);

    [Fact]
    public void An_edit_inside_a_method_writes_no_new_list()
    {
        var before = TestCompilation.Create("using Microsoft.Azure.Functions.Worker;\n" + Method);
        var driver = Generated.Driver().RunGenerators(before);
        var tree = before.SyntaxTrees.Single(static t => t.FilePath == "Test.cs");
        var edited = TestCompilation.Parse(tree.ToString().Replace("=> 1", "=> 2", StringComparison.Ordinal), "Test.cs");

        var run = driver.RunGenerators(before.ReplaceSyntaxTree(tree, edited)).GetRunResult().Results[0];

        var reasons = run.TrackedOutputSteps.SelectMany(static s => s.Value).SelectMany(static s => s.Outputs).Select(static o => o.Reason);
        Assert.All(reasons, static reason => Assert.Equal(IncrementalStepRunReason.Cached, reason));
    }
}
