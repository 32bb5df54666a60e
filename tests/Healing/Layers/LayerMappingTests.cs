namespace Heal.Healing.Tests;

/// <summary>From what a node and the hosts tell to the domain that the node is.</summary>
public sealed class LayerMappingTests
{
    private const string Uuid = "4dea22b3-1d52-d8f3-2516-782e98ab3fa0";
    private const string Swapped = "b322ea4d-521d-f3d8-2516-782e98ab3fa0";
    private const string OtherUuid = "11111111-2222-3333-4444-555555555555";

    private static readonly DomainFacts Web = new("hv1", Uuid, "web", Runs: true);
    private static readonly DomainFacts Db = new("hv1", OtherUuid, "db", Runs: true);

    [Theory]
    [InlineData(Uuid, null, null, MappingWay.SystemUuid)]
    [InlineData("4DEA22B3-1D52-D8F3-2516-782E98AB3FA0", null, null, MappingWay.SystemUuid)]
    [InlineData(Swapped, null, null, MappingWay.SystemUuid)]
    [InlineData(null, null, "libvirt://" + Uuid, MappingWay.ProviderId)]
    [InlineData(null, null, "libvirt:///" + Uuid, MappingWay.ProviderId)]
    [InlineData("99999999-0000-0000-0000-000000000001", null, "capl://rack-1/" + Uuid, MappingWay.ProviderId)]
    [InlineData(null, "4dea22b31d52d8f32516782e98ab3fa0", null, MappingWay.MachineId)]
    [InlineData("00000000-0000-0000-0000-000000000000", "4dea22b31d52d8f32516782e98ab3fa0", null, MappingWay.MachineId)]
    [InlineData("ffffffff-ffff-ffff-ffff-ffffffffffff", "4dea22b31d52d8f32516782e98ab3fa0", null, MappingWay.MachineId)]
    [InlineData("03000200-0400-0500-0006-000700080009", "4dea22b31d52d8f32516782e98ab3fa0", null, MappingWay.MachineId)]
    public void A_node_is_known_by_its_ids(string? system, string? machine, string? provider, MappingWay way)
    {
        var found = LayerMapping.Of(new NodeFacts("n1", system, machine, provider, []), [Db, Web], LayerRules.None);

        Assert.Equal((MappingKind.Known, way), (found.Kind, found.Way));
        Assert.Equal(new TargetReference("hv1", TargetKinds.VirtualMachine, "", "web"), found.Target);
    }

    [Theory]
    [InlineData(null, null, null)]
    [InlineData("not a uuid", "nor this", "aws:///eu-1/i-0abc")]
    [InlineData("03000200-0400-0500-0006-000700080009", null, "libvirt://")]
    // The machine id of a clone is that of its template: it does not count beside a system UUID that is another.
    [InlineData("99999999-0000-0000-0000-000000000001", "4dea22b31d52d8f32516782e98ab3fa0", null)]
    // In front of nothing, it is no provider's.
    [InlineData(null, null, Uuid)]
    public void A_node_that_shows_nothing_of_a_domain_is_unknown_and_says_what_it_showed(string? system, string? machine, string? provider)
    {
        var found = LayerMapping.Of(new NodeFacts("n1", system, machine, provider, ["10.0.0.1"]), [Db, Web], LayerRules.None);

        Assert.Equal(MappingKind.Unknown, found.Kind);
        Assert.Null(found.Target);
        Assert.Contains("10.0.0.1", found.Reason);
    }

    [Fact]
    public void Without_any_domain_that_is_the_reason() =>
        Assert.Contains("no libvirt host has a domain", LayerMapping.Of(Node(Uuid), [], LayerRules.None).Reason);

    [Fact]
    public void An_address_that_a_network_reserves_for_a_domain_tells_it()
    {
        var found = LayerMapping.Of(
            new NodeFacts("n1", null, null, null, ["10.0.0.9"]), [Db, Web with { Addresses = ["10.0.0.9"] }], LayerRules.None);

        Assert.Equal((MappingKind.Known, MappingWay.Address, "web"), (found.Kind, found.Way, found.Domain));
    }

    [Fact]
    public void A_name_tells_nothing_unless_the_settings_say_how_domains_are_called()
    {
        var node = new NodeFacts("web.example.test", null, null, null, []);

        Assert.Equal(MappingKind.Unknown, LayerMapping.Of(node, [Web], LayerRules.None).Kind);
        Assert.Equal(MappingKind.Unknown, LayerMapping.Of(node, [Web], LayerRules.None with { DomainNames = ["{node}"] }).Kind);
        Assert.Equal("web", LayerMapping.Of(node, [Web], LayerRules.None with { DomainNames = ["k8s-{node}", "{short}"] }).Domain);
    }

    [Fact]
    public void A_setting_goes_before_everything_that_is_found()
    {
        var found = LayerMapping.Of(Node(Uuid), [Db, Web], Rules("hv1/db"));

        Assert.Equal((MappingWay.Setting, "db"), (found.Way, found.Domain));
    }

    [Fact]
    public void A_setting_that_names_no_domain_leaves_the_node_unknown_rather_than_guessed()
    {
        var found = LayerMapping.Of(Node(Uuid), [Db, Web], Rules("hv2/web"));

        Assert.Equal(MappingKind.Unknown, found.Kind);
        Assert.Contains("Heal:Layers:Nodes:n1", found.Reason);
    }

    [Fact]
    public void Several_domains_that_match_are_ambiguous_and_no_weaker_way_chooses_between_them()
    {
        var copy = new DomainFacts("hv2", Swapped, "copy", Runs: true);

        var found = LayerMapping.Of(Node(Uuid) with { ProviderId = $"libvirt://{Uuid}" }, [Web, copy], LayerRules.None);

        Assert.Equal((MappingKind.Ambiguous, MappingWay.SystemUuid), (found.Kind, found.Way));
        Assert.Null(found.Target);
        Assert.Contains("hv1/web, hv2/copy", found.Reason);
    }

    [Theory]
    [InlineData(false, true, MappingKind.Known)]
    [InlineData(true, true, MappingKind.Ambiguous)]
    [InlineData(false, false, MappingKind.Ambiguous)]
    public void Of_one_domain_that_a_migration_left_on_two_hosts_the_one_that_runs_is_meant(bool here, bool there, MappingKind expected)
    {
        var found = LayerMapping.Of(Node(Uuid), [Web with { Runs = here }, Web with { Host = "hv2", Runs = there }], LayerRules.None);

        Assert.Equal(expected, found.Kind);
        Assert.Equal(expected == MappingKind.Known ? "hv2" : null, found.Host);
    }

    [Fact]
    public void Two_nodes_that_claim_one_domain_are_ambiguous_unless_one_is_known_better()
    {
        var byUuid = Node(Uuid);
        var clone = new NodeFacts("n2", null, "4dea22b31d52d8f32516782e98ab3fa0", null, []);

        var better = LayerMapping.Of([byUuid, clone], [Web], LayerRules.None);
        var equal = LayerMapping.Of([byUuid, byUuid with { Name = "n2" }], [Web], LayerRules.None);

        Assert.Equal([MappingKind.Known, MappingKind.Ambiguous], better.Select(mapping => mapping.Kind));
        Assert.Contains("n1", better[1].Reason);
        Assert.All(equal, mapping => Assert.Equal(MappingKind.Ambiguous, mapping.Kind));
    }

    private static NodeFacts Node(string system) => new("n1", system, null, null, []);

    private static LayerRules Rules(string domain) =>
        LayerRules.None with { Nodes = new Dictionary<string, string> { ["n1"] = domain } };
}
