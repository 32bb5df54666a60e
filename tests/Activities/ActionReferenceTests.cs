using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>
/// The files that are written from the actions say what the code says. With HEAL_WRITE_ACTIONS=1 (eng/actions.sh sets it) they are written.
/// </summary>
public sealed class ActionReferenceTests
{
    private static readonly bool Writes = Environment.GetEnvironmentVariable("HEAL_WRITE_ACTIONS") == "1";

    internal static readonly IReadOnlyList<ActionDescriptor> Actions =
    [
        .. RecipeBook.All.Select(recipe => recipe.Descriptor),
        new RollbackDeployment(null!, null!, null!, TimeProvider.System).Descriptor,
    ];

    private static readonly IReadOnlyList<ActionDescriptor> OfMachines = [.. MachineRecipes.All.Select(recipe => recipe.Descriptor)];

    [Fact]
    public void The_cluster_roles_are_those_that_the_actions_declare()
    {
        var path = ControlPlane.PathOf("deploy/kubernetes/roles.yaml");
        var expected = ClusterRoles.Write(Actions);
        if (Writes) File.WriteAllText(path, expected);

        Assert.True(expected == File.ReadAllText(path), "deploy/kubernetes/roles.yaml is not what the code declares: run eng/actions.sh");
    }

    [Fact]
    public void The_role_that_reads_gives_away_no_secret_and_runs_no_command()
    {
        var observe = ClusterRoles.Write(Actions).Split("---")
            .Single(role => role.Contains("name: heal-observe", StringComparison.Ordinal));

        Assert.DoesNotContain("resources: [secrets]", observe);
        Assert.DoesNotContain("pods/exec", observe);
    }

    [Fact]
    public void The_list_of_actions_in_the_docs_is_that_of_the_code()
    {
        var path = ControlPlane.PathOf("docs/kubernetes.md");
        var text = File.ReadAllText(path);
        var (begin, end) = (text.IndexOf(ActionReference.Begin, StringComparison.Ordinal),
            text.IndexOf(ActionReference.End, StringComparison.Ordinal));
        Assert.True(begin >= 0 && end > begin, "docs/kubernetes.md has no place for the list of actions");
        var expected = $"{text[..begin]}{ActionReference.Begin}\n\n{ActionReference.Write(Actions)}\n{text[end..]}";
        if (Writes) File.WriteAllText(path, text = expected);

        Assert.True(expected == text, "docs/kubernetes.md is not what the code declares: run eng/actions.sh");
    }

    [Fact]
    public void The_list_of_actions_on_libvirt_hosts_is_that_of_the_code()
    {
        var path = ControlPlane.PathOf("docs/libvirt-actions.md");
        var text = File.ReadAllText(path);
        var (begin, end) = (text.IndexOf(ActionReference.Begin, StringComparison.Ordinal),
            text.IndexOf(ActionReference.End, StringComparison.Ordinal));
        Assert.True(begin >= 0 && end > begin, "docs/libvirt-actions.md has no place for the list of actions");
        var expected = $"{text[..begin]}{ActionReference.Begin}\n\n{ActionReference.Write(OfMachines)}\n{text[end..]}";
        if (Writes) File.WriteAllText(path, text = expected);

        Assert.True(expected == text, "docs/libvirt-actions.md is not what the code declares: run eng/actions.sh");
    }

    [Fact]
    public void Ids_are_unique_and_every_action_says_what_it_is() => Assert.All(Actions.Concat(OfMachines), action =>
    {
        Assert.Single(Actions.Concat(OfMachines), other => other.Id == action.Id);
        Assert.NotEmpty(action.Precondition);
        Assert.NotEmpty(action.EffectCheck);
        Assert.True(action.Permissions.Count > 0 || action.TargetKinds is [TargetKinds.Cluster], $"'{action.Id}' needs no right at all?");
        Assert.All(action.Causes, cause => Assert.Contains(cause, Causes.All));
        Assert.True(action.Inverse is not null || action.TimeLimit is null, $"'{action.Id}' has a time limit and no inverse");
    });

    [Fact]
    public void Defaults_are_within_their_own_bounds_and_the_schema_names_every_parameter() => Assert.All(
        Actions.Concat(OfMachines), action =>
    {
        var defaults = action.Parameters.Where(parameter => parameter.Default.Length > 0)
            .ToDictionary(parameter => parameter.Name, parameter => parameter.Default);
        Assert.Empty(ActionParameters.Check(action, defaults));
        var properties = ActionParameters.Schema(action)["properties"]!.AsObject();
        Assert.Equal(action.Parameters.Select(parameter => parameter.Name), properties.Select(property => property.Key));
    });
}
