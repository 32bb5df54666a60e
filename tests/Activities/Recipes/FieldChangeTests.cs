using System.Text.Json.Nodes;

namespace Heal.Activities.Tests;

/// <summary>Changes of fields, their patches and their inverses.</summary>
public sealed class FieldChangeTests
{
    [Theory]
    [InlineData("1", "1000m", true)]
    [InlineData("1Gi", "1024Mi", true)]
    [InlineData("1G", "1Gi", false)]
    [InlineData("a", "a", true)]
    [InlineData("a", "b", false)]
    public void Amounts_are_equal_by_value(string left, string right, bool same) =>
        Assert.Equal(same, FieldChange.Same(JsonValue.Create(left), JsonValue.Create(right)));

    [Fact]
    public void An_absent_map_is_like_an_empty_one_and_the_order_of_fields_means_nothing()
    {
        Assert.True(FieldChange.Same(null, new JsonObject()));
        Assert.True(FieldChange.Same(Json("""{"a":1,"b":{"c":"2"}}"""), Json("""{"b":{"c":"2"},"a":1}""")));
        Assert.False(FieldChange.Same(Json("""{"a":1}"""), Json("""{"a":1,"b":2}""")));
    }

    [Fact]
    public void What_is_made_on_the_way_to_a_field_goes_with_its_inverse()
    {
        var live = Json("""{"spec":{"template":{"metadata":{"labels":{"a":"b"}}}}}""");

        var change = FieldChange.Of(live, "now", "spec", "template", "metadata", "annotations", "note");

        Assert.Equal(["spec", "template", "metadata", "annotations"], change.Path);
        Assert.Null(change.Old);
        Assert.Null(change.Inverse().New);
    }

    [Fact]
    public void An_item_of_a_list_is_found_by_its_values_wherever_it_is()
    {
        var live = Json("""{"spec":{"taints":[{"key":"x","effect":"NoSchedule"},{"key":"y","effect":"NoSchedule","value":"old"}]}}""");
        string[] path = ["spec", "taints", "[key=y,effect=NoSchedule]"];

        var removed = FieldChange.Of(live, null, path).Operations(live)!;
        var added = FieldChange.Of(live, Json("""{"key":"z"}"""), "spec", "taints", "[key=z]").Operations(live)!;

        Assert.Equal(("remove", "/spec/taints/1"), (removed[0].Op, removed[0].Path));
        Assert.Equal(("add", "/spec/taints/-"), (added[0].Op, added[0].Path));
    }

    [Fact]
    public void A_list_that_is_not_there_is_made_for_its_first_item()
    {
        var live = Json("""{"spec":{}}""");

        var operations = FieldChange.Of(live, Json("""{"key":"z"}"""), "spec", "taints", "[key=z]").Operations(live)!;

        Assert.Equal(["/spec/taints", "/spec/taints/-"], operations.Select(operation => operation.Path));
    }

    [Fact]
    public void Manifests_are_compared_item_by_item_and_what_others_set_beside_them_stays()
    {
        var live = Json("""
            {"spec":{"replicas":5,"containers":[{"name":"sidecar","image":"s:1"},{"name":"app","image":"a:2","env":[]}]}}
            """);
        var now = Json("""{"spec":{"containers":[{"name":"app","image":"a:2"}]}}""");
        var wanted = Json("""{"spec":{"containers":[{"name":"app","image":"a:1"}]}}""");

        var change = Assert.Single(ManifestDiff.Between(live, now, wanted));

        Assert.Equal(["spec", "containers", "[name=app]", "image"], change.Path);
        Assert.Equal("/spec/containers/1/image", change.Operations(live)![0].Path);
    }

    [Fact]
    public void A_release_of_Helm_is_unpacked_as_it_was_packed()
    {
        var content = Json("""{"name":"shop","manifest":"kind: ConfigMap"}""");
        var secret =
            Json("""{"type":"helm.sh/release.v1","metadata":{"labels":{"name":"shop","version":"7","status":"deployed"}},"data":{}}""");
        secret["data"]!["release"] = HelmRelease.Pack(content);

        var release = HelmRelease.Read(secret)!;

        Assert.Equal((7, "deployed", "kind: ConfigMap"), (release.Version, release.Status, release.Manifest));
        secret["data"]!["release"] = "bm90IGEgcmVsZWFzZQ==";
        Assert.Null(HelmRelease.Read(secret));
    }

    private static JsonObject Json(string text) => JsonNode.Parse(text)!.AsObject();
}
