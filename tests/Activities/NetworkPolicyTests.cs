using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Heal.Activities.Tests;

/// <summary>The network policies of <c>deploy/kubernetes</c> let through what the documentation says that the healer connects to.</summary>
public sealed partial class NetworkPolicyTests
{
    private const string Page = "docs/kubernetes.md";

    private static readonly IReadOnlyList<JsonObject> Policies =
        ManifestReader.Read(File.ReadAllText(ControlPlane.PathOf($"{Deployed.Base}/network-policies.yaml")));

    private static readonly string[][] Table =
    [
        .. File.ReadAllText(ControlPlane.PathOf(Page)).Split("## What it connects to")[1].Split("\n## ")[0].Split('\n')
            .Where(line => line.StartsWith("| ", StringComparison.Ordinal)).Skip(1)
            .Select(line => line.Trim('|', ' ').Split('|', StringSplitOptions.TrimEntries)),
    ];

    [Fact]
    public void Nothing_comes_in_or_goes_out_that_no_policy_names()
    {
        var deny = Policies.Single(policy => policy.Name() == "default-deny");

        Assert.Equal("""{"podSelector":{},"policyTypes":["Ingress","Egress"]}""", deny["spec"]!.ToJsonString());
    }

    [Theory]
    [InlineData("heal-in", "ingress")]
    [InlineData("heal-out", "egress")]
    [InlineData("heal-out-if-set", "egress")]
    public void A_policy_lets_through_the_ports_that_its_rows_name(string name, string direction)
    {
        var policy = Policies.Single(policy => policy.Name() == name);
        var open = policy.Items("spec", direction).SelectMany(rule => rule.Items("ports"))
            .Select(port => $"{port.Whole("port")}/{port.Text("protocol")}");
        var named = Table.Where(row => row[3] == $"`{name}`").SelectMany(row => Port().Matches(row[1])).Select(match => match.Value);

        Assert.Equal(named.Distinct().Order(StringComparer.Ordinal), open.Order(StringComparer.Ordinal));
        Assert.Equal(Labels(RestrictedPod.Shipped()["metadata"]!), policy.At("spec", "podSelector", "matchLabels")!.ToJsonString());
    }

    [Fact]
    public void Every_policy_but_the_denial_has_rows_and_every_row_has_a_policy() => Assert.Equal(
        Policies.Select(policy => $"`{policy.Name()}`").Where(name => name != "`default-deny`").Order(StringComparer.Ordinal),
        Table.Select(row => row[3]).Distinct().Order(StringComparer.Ordinal));

    [Fact]
    public void The_ports_are_those_that_the_program_uses_where_nobody_says_otherwise()
    {
        Assert.Equal(new Npgsql.NpgsqlConnectionStringBuilder().Port.ToString(System.Globalization.CultureInfo.InvariantCulture) + "/TCP",
            Row("PostgreSQL")[1]);
        Assert.Contains($"{new IpmiOptions().Port}/UDP", Row("management controllers")[1], StringComparison.Ordinal);
        var container = RestrictedPod.Shipped().Items("spec", "containers").Single();
        var listens = container.Items("ports").Single().Whole("containerPort");
        Assert.Equal($"in, {listens}/TCP", Row("Alertmanager's webhook")[1]);
        Assert.Contains($"http://0.0.0.0:{listens}", container["args"]!.AsArray().Select(argument => argument!.GetValue<string>()));
    }

    private static string[] Row(string begin) => Table.Single(row => row[0].StartsWith(begin, StringComparison.Ordinal));

    private static string Labels(JsonNode metadata) => metadata["labels"]!.ToJsonString();

    [GeneratedRegex(@"\d+/(TCP|UDP)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Port();
}
