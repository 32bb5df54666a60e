using System.Text.Json.Nodes;
using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>Nodes of the control plane are switched off or emptied only where the others are a majority.</summary>
public sealed class QuorumTests(Shop shop) : RecipeClaims(shop), IClassFixture<Shop>
{
    private const string NoMajority = "the others are no majority without it";
    private const string OneAtATime = "one at a time";

    /// <summary>The role, how many other nodes have it and how many of these are healthy, and a word of the refusal; null: it is taken.
    /// </summary>
    public static TheoryData<string, int, int, string?> Planes => new()
    {
        { "control-plane", 0, 0, NoMajority },
        { "control-plane", 1, 1, NoMajority },
        { "control-plane", 2, 2, null },
        { "control-plane", 2, 1, OneAtATime },
        { "control-plane", 4, 3, OneAtATime },
        { "master", 0, 0, NoMajority },
        { "etcd", 1, 1, NoMajority },
        { "worker", 0, 0, null },
    };

    [Theory]
    [MemberData(nameof(Planes))]
    public Task A_node_is_fenced_only_where_the_others_are_a_majority(string role, int others, int healthy, string? refusal) =>
        AssertQuorumAsync("fence_node", role, others, healthy, refusal);

    [Theory]
    [InlineData("drain_node", NoMajority)]
    [InlineData("cordon_node", null)]
    [InlineData("taint_node", null)]
    public Task What_keeps_new_pods_off_only_needs_no_majority(string action, string? refusal) =>
        AssertQuorumAsync(action, "control-plane", 0, 0, refusal);

    private async Task AssertQuorumAsync(string action, string role, int others, int healthy, string? refusal)
    {
        var (item, stall, target) = await ArrangeAsync(action);
        var names = new List<string> { target.Name };
        for (var i = 0; i < others; i++)
        {
            names.Add($"{stall.Namespace}-plane-{i}");
            await stall.CreateAsync($$"""
                { "apiVersion": "v1", "kind": "Node", "metadata": { "name": "{{names[^1]}}" },
                  "status": { "conditions": [ { "type": "Ready", "status": "{{(i < healthy ? "True" : "Unknown")}}" } ] } }
                """);
        }

        foreach (var name in names) await RoleAsync(stall, name, role, "\"\"");
        try
        {
            var client = new WatchedClient(Shop.Client);
            var result = await Action(item, client).DryRunAsync(item.Request(stall, target), CancellationToken.None);

            Assert.Equal((refusal is null ? ActionStatus.Rehearsed : ActionStatus.Refused, result.Detail), (result.Status, result.Detail));
            Assert.Contains(refusal ?? "would change", result.Detail);
        }
        finally
        {
            // They would be counted as part of the next test's control plane.
            foreach (var name in names) await RoleAsync(stall, name, role, "null");
        }
    }

    private static Task<JsonObject> RoleAsync(Stall stall, string node, string role, string value) => stall.PatchAsync(Kinds.Node, node,
        $$"""{ "metadata": { "labels": { "node-role.kubernetes.io/{{role}}": {{value}} } } }""", clusterWide: true);
}
