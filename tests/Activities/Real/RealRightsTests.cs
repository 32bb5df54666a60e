using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>
/// The account of the healer under each binding of <c>deploy/kubernetes</c>, as the authorizer of a real API server judges it: it may do
/// what the actions of that level declare, and nothing else.
/// </summary>
[Collection(RealShopCollection.Name)]
[Trait("Category", "Cluster")]
public sealed class RealRightsTests : IDisposable
{
    private const string Elsewhere = "kube-system";
    private const string Nobody = "system:serviceaccount:heal:default";

    /// <summary>An authorizer learns of a binding a moment after it was made.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly string[] Reads = ["get", "list", "watch"];
    private static readonly ResourceKind RulesReview = new("authorization.k8s.io", "SelfSubjectRulesReview");
    private static readonly ResourceKind AccessReview = new("authorization.k8s.io", "SelfSubjectAccessReview");

    /// <summary>Each folder with rights: where its binding holds (null: in the cluster), and the actions that it is for.</summary>
    private static readonly Level[] Levels =
    [
        new(Deployed.Base, null, _ => false, []),
        new($"{Deployed.Base}/namespace", "demo", action => !IsOfNodes(action) && action.Risk <= ClusterRoles.ActsAlone, []),
        new($"{Deployed.Base}/namespace-approve", "demo", action => !IsOfNodes(action), []),
        new($"{Deployed.Base}/nodes", null, IsOfNodes, []),
        new($"{Deployed.Base}/sources", "pull-secrets", _ => false, [new("", "secrets", "get")]),
        new($"{Deployed.Base}/volumes", null, _ => false, [new("", "nodes/proxy", "get")]),
    ];

    private readonly Deployed _deployed;
    private readonly KubernetesClient _healer;
    private readonly KubernetesClient _nobody;

    public RealRightsTests(RealShop shop)
    {
        _deployed = new Deployed(shop);
        _healer = shop.As(Deployed.Account, Unhurried);
        _nobody = shop.As(Nobody, Unhurried);
    }

    public static TheoryData<string> Folders => [.. Levels.Select(level => level.Folder)];

    [Fact]
    public void Every_folder_of_the_deployment_is_a_level_here() =>
        Assert.Equal(Deployed.Folders, Levels.Select(level => level.Folder).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Folders))]
    public async Task The_account_may_do_what_the_actions_of_the_level_declare_and_nothing_else(string folder)
    {
        var level = Levels.Single(level => level.Folder == folder);
        await _deployed.ResetAsync();
        await _deployed.ApplyAsync(folder);
        var own = Observing.Union(level.Rights).ToHashSet();
        var others = Levels.SelectMany(other => other.Rights).Except(own).ToList();

        // The whole list of what it has, and then each right by itself, as the server judges a request.
        Assert.Empty(Differences(own, await GrantedAsync(level.Namespace ?? Elsewhere, own)));
        Assert.Empty(await MissingAsync(level));
        Assert.Empty(await AnsweredAsync(own, level.Namespace ?? Elsewhere, allowed: false));
        Assert.Empty(await AnsweredAsync(others, level.Namespace ?? Elsewhere, allowed: true));
        if (level.Namespace is null) return;
        Assert.Empty(Differences(Observing, await GrantedAsync(Elsewhere, Observing)));
        Assert.Empty(await AnsweredAsync(level.Rights.Except(Observing), Elsewhere, allowed: true));
    }

    [Fact]
    public async Task The_usage_of_volumes_is_measured_with_the_role_for_it_and_not_without()
    {
        await _deployed.ResetAsync();
        await GrantedAsync(Elsewhere, Observing);
        var refused = await Assert.ThrowsAsync<KubernetesForbiddenException>(() => _healer.GetVolumeUsageAsync("nowhere"));
        Assert.Contains("nodes/proxy", refused.Message, StringComparison.Ordinal);

        await _deployed.ApplyAsync($"{Deployed.Base}/volumes");
        await GrantedAsync(Elsewhere, Observing.Append(new Right("", "nodes/proxy", "get")).ToHashSet());

        // There is no such node: it was looked for, which only who may is told.
        await Assert.ThrowsAsync<KubernetesNotFoundException>(() => _healer.GetVolumeUsageAsync("nowhere"));
    }

    public void Dispose()
    {
        _healer.Dispose();
        _nobody.Dispose();
    }

    /// <summary>What evidence, detectors and preconditions read, at every level.</summary>
    private static IReadOnlySet<Right> Observing { get; } = EvidencePermissions.Rules.Concat(ClusterRoles.Watching).SelectMany(Rights)
        .Concat(ActionReferenceTests.Actions.SelectMany(action => action.Permissions).SelectMany(Rights)
            .Where(right => Reads.Contains(right.Verb) && !right.IsSensitive))
        .ToHashSet();

    private static bool IsOfNodes(ActionDescriptor action) => action.TargetKinds is [TargetKinds.Node];

    private static void Unhurried(KubernetesClientOptions options) => (options.RequestsPerSecond, options.RequestBurst) = (10_000, 10_000);

    // Each action by itself: the message says which lacks what.
    private async Task<IReadOnlyList<string>> MissingAsync(Level level)
    {
        var missing = new List<string>();
        foreach (var action in ActionReferenceTests.Actions.Where(level.IsFor))
        {
            var rights = action.Permissions.SelectMany(Rights);
            var refused = await AnsweredAsync(rights, level.Namespace ?? Elsewhere, allowed: false);
            missing.AddRange(refused.Select(right => $"{action.Id} lacks {right}"));
        }

        return missing;
    }

    /// <summary>Those of the rights that are answered so.</summary>
    private async Task<IReadOnlyList<Right>> AnsweredAsync(IEnumerable<Right> rights, string ns, bool allowed)
    {
        var found = new List<Right>();
        foreach (var right in rights)
        {
            var resource = right.Resource.Split('/', 2);
            var answer = await AskAsync(_healer, AccessReview, new JsonObject
            {
                ["resourceAttributes"] = new JsonObject
                {
                    ["namespace"] = ns, ["group"] = right.Group, ["verb"] = right.Verb,
                    ["resource"] = resource[0], ["subresource"] = resource.ElementAtOrDefault(1),
                },
            });
            if (answer.IsTrue("allowed") == allowed) found.Add(right);
        }

        return found;
    }

    /// <summary>What the account has in a namespace beside what every account has. Waits until that is what is expected.</summary>
    private async Task<IReadOnlySet<Right>> GrantedAsync(string ns, IReadOnlySet<Right> expected)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (true)
        {
            var granted = (await RightsAsync(_healer, ns)).Except(await RightsAsync(_nobody, ns)).ToHashSet();
            if (granted.SetEquals(expected) || limit.IsCancellationRequested) return granted;
            await Task.Delay(50);
        }
    }

    private static async Task<IReadOnlyList<Right>> RightsAsync(KubernetesClient client, string ns)
    {
        var status = await AskAsync(client, RulesReview, new JsonObject { ["namespace"] = ns });
        Assert.False(status.IsTrue("incomplete"));
        return
        [
            .. from rule in status.Items("resourceRules")
               from @group in Words(rule, "apiGroups")
               from resource in Words(rule, "resources")
               from name in Words(rule, "resourceNames").DefaultIfEmpty("")
               from verb in Words(rule, "verbs")
               select new Right(@group, name.Length == 0 ? resource : $"{resource} {name}", verb),
        ];
    }

    private static async Task<JsonNode?> AskAsync(KubernetesClient client, ResourceKind review, JsonObject spec) =>
        (await client.CreateAsync(
            review, KubernetesObject.FromJson<KubernetesObject>(new JsonObject { ["spec"] = spec }))).ToJson()["status"];

    private static IEnumerable<string> Words(JsonObject rule, string name) =>
        rule[name] is JsonArray words ? words.Select(word => word!.GetValue<string>()) : [];

    private static IEnumerable<Right> Rights(PermissionRule rule) =>
        rule.Verbs.Select(verb => new Right(rule.ApiGroup, rule.Resource, verb));

    private static IEnumerable<string> Differences(IReadOnlySet<Right> declared, IReadOnlySet<Right> granted) =>
        declared.Except(granted).Select(right => $"not granted: {right}")
            .Concat(granted.Except(declared).Select(right => $"granted, and declared by nothing: {right}"));

    private sealed record Right(string Group, string Resource, string Verb)
    {
        /// <summary>Reading it gives away secrets, or runs commands: it is not among what every level reads.</summary>
        public bool IsSensitive => Resource is "secrets" or "pods/exec";

        public override string ToString() => $"{Verb} {Resource}{(Group.Length == 0 ? "" : $".{Group}")}";
    }

    private sealed record Level(string Folder, string? Namespace, Func<ActionDescriptor, bool> IsFor, IReadOnlyList<Right> More)
    {
        public IEnumerable<Right> Rights => ActionReferenceTests.Actions.Where(IsFor).SelectMany(action => action.Permissions)
            .SelectMany(RealRightsTests.Rights).Where(right => right.IsSensitive || !Reads.Contains(right.Verb)).Concat(More);
    }
}
