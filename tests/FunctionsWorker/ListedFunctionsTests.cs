using Heal.FunctionsWorker.Tests.Support;
using System.Reflection;
using Heal.FunctionsWorker.Tests.Sample;
using Microsoft.Azure.Functions.Worker.Discovery;

namespace Heal.FunctionsWorker.Tests;

/// <summary>The list that the compiler wrote into this very assembly, with all functions of the sample application.</summary>
public sealed class ListedFunctionsTests
{
    private static readonly Assembly Sample = typeof(Journal).Assembly;

    [Fact]
    public void The_list_gives_the_same_catalog_as_a_look_at_every_method()
    {
        Assert.NotNull(DeclaredFunctions.ListOf(Sample));
        FunctionCatalog found = Catalogs.Discover(Sample);

        FunctionCatalog listed = FunctionCatalog.Read([Sample]);

        Assert.Equal(found.Functions.Select(static f => (f.Name, f.Method)), listed.Functions.Select(static f => (f.Name, f.Method)));
        Assert.Equal(found.Faults.All, listed.Faults.All);
        Assert.Equal(found.OfHub.Order(), listed.OfHub.Order());
    }

    [Fact]
    public void Only_the_functions_around_class_based_tasks_are_looked_for()
    {
        HashSet<string> listed = [.. DeclaredFunctions.ListOf(Sample)!.Functions().Select(static f => f.Name)];

        IEnumerable<string> others = Catalogs.Discover(Sample).Functions.Select(static f => f.Name).Except(listed);

        Assert.Equal([nameof(Guests), nameof(Welcome), nameof(WelcomeAll)], others);
    }

    [Fact]
    public void The_assemblies_with_functions_are_known_from_the_application_itself() =>
        Assert.Equal([Sample], FunctionAssemblies.Of(Sample));
}
