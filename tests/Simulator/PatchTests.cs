using System.Text.Json.Nodes;
using Heal.Simulator.Api;
using Heal.Simulator.Patching;

namespace Heal.Simulator.Tests;

public sealed class PatchTests
{
    private const string A = """{"name":"a","image":"a:1","env":[{"name":"X","value":"1"},{"name":"Y","value":"2"}]}""";
    private const string Two = $$$"""{"spec":{"containers":[{{{A}}},{"name":"b","image":"b:1"}]}}""";

    [Theory]
    [InlineData("containers merge by name",
        """{"spec":{"containers":[{"name":"b","image":"b:2"}]}}""",
        $$$"""{"spec":{"containers":[{{{A}}},{"name":"b","image":"b:2"}]}}""")]
    [InlineData("a new container is added",
        """{"spec":{"containers":[{"name":"c","image":"c:1"}]}}""",
        $$$"""{"spec":{"containers":[{{{A}}},{"name":"b","image":"b:1"},{"name":"c","image":"c:1"}]}}""")]
    [InlineData("delete takes an item out",
        """{"spec":{"containers":[{"name":"a","$patch":"delete"}]}}""",
        """{"spec":{"containers":[{"name":"b","image":"b:1"}]}}""")]
    [InlineData("env merges inside a container",
        """{"spec":{"containers":[{"name":"a","env":[{"name":"X","$patch":"delete"},{"name":"Y","value":"3"}]}]}}""",
        """{"spec":{"containers":[{"name":"a","image":"a:1","env":[{"name":"Y","value":"3"}]},{"name":"b","image":"b:1"}]}}""")]
    [InlineData("replace as a list item replaces the list",
        """{"spec":{"containers":[{"$patch":"replace"},{"name":"z","image":"z:1"}]}}""",
        """{"spec":{"containers":[{"name":"z","image":"z:1"}]}}""")]
    [InlineData("replace in an object replaces the object",
        """{"spec":{"$patch":"replace","hostNetwork":true}}""",
        """{"spec":{"hostNetwork":true}}""")]
    [InlineData("null deletes a field",
        """{"spec":{"containers":[{"name":"a","env":null},{"name":"b","image":null}]}}""",
        """{"spec":{"containers":[{"name":"a","image":"a:1"},{"name":"b"}]}}""")]
    [InlineData("the order of the patch wins",
        """{"spec":{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}],"containers":[{"name":"a","image":"a:2","env":null}]}}""",
        """{"spec":{"containers":[{"name":"b","image":"b:1"},{"name":"a","image":"a:2"}]}}""")]
    [InlineData("a list without a key is replaced",
        """{"spec":{"containers":[{"name":"b","args":["x"]},{"name":"a","$patch":"delete"}]}}""",
        """{"spec":{"containers":[{"name":"b","image":"b:1","args":["x"]}]}}""")]
    public void A_strategic_merge_patch_merges_by_key(string rule, string patch, string expected)
    {
        var result = StrategicMergePatch.Apply((JsonObject)JsonNode.Parse(Two)!, (JsonObject)JsonNode.Parse(patch)!, "Pod");
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), result), $"{rule}: {result.ToJsonString()}");
    }

    [Fact]
    public void Retain_keys_drops_the_others()
    {
        var target = (JsonObject)JsonNode.Parse("""{"spec":{"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1}}}}""")!;
        var patch = (JsonObject)JsonNode.Parse("""{"spec":{"strategy":{"$retainKeys":["type"],"type":"Recreate"}}}""")!;
        Assert.Equal(
            """{"spec":{"strategy":{"type":"Recreate"}}}""",
            StrategicMergePatch.Apply(target, patch, "Deployment").ToJsonString());
    }

    [Theory]
    [InlineData("""[{"op":"add","path":"/l/1","value":9}]""", """{"l":[1,9,2],"o":{"a/b":1}}""")]
    [InlineData("""[{"op":"add","path":"/l/-","value":9}]""", """{"l":[1,2,9],"o":{"a/b":1}}""")]
    [InlineData("""[{"op":"remove","path":"/o/a~1b"}]""", """{"l":[1,2],"o":{}}""")]
    [InlineData("""[{"op":"replace","path":"/l/0","value":7}]""", """{"l":[7,2],"o":{"a/b":1}}""")]
    [InlineData("""[{"op":"move","from":"/l/0","path":"/o/x"}]""", """{"l":[2],"o":{"a/b":1,"x":1}}""")]
    [InlineData(
        """[{"op":"copy","from":"/l","path":"/m"},{"op":"test","path":"/m","value":[1,2]}]""",
        """{"l":[1,2],"o":{"a/b":1},"m":[1,2]}""")]
    public void A_json_patch_does_its_operations(string patch, string expected)
        => Assert.Equal(
            expected,
            JsonPatch.Apply((JsonObject)JsonNode.Parse("""{"l":[1,2],"o":{"a/b":1}}""")!, JsonNode.Parse(patch)).ToJsonString());

    [Theory]
    [InlineData("""[{"op":"test","path":"/a","value":2}]""", 422)]
    [InlineData("""[{"op":"remove","path":"/none"}]""", 422)]
    [InlineData("""[{"op":"replace","path":"/none","value":1}]""", 422)]
    [InlineData("""[{"op":"spin","path":"/a"}]""", 400)]
    [InlineData("""[{"op":"add","path":"/a"}]""", 400)]
    [InlineData("""{"op":"add"}""", 400)]
    public void A_json_patch_that_does_not_fit_is_refused(string patch, int code)
    {
        var refusal = Assert.Throws<ApiException>(() => JsonPatch.Apply((JsonObject)JsonNode.Parse("""{"a":1}""")!, JsonNode.Parse(patch)));
        Assert.Equal(code, refusal.Code);
    }

    [Fact]
    public void A_merge_patch_replaces_lists_and_deletes_with_null()
        => Assert.Equal("""{"l":[3],"o":{"y":2}}""",
            MergePatch.Apply(JsonNode.Parse("""{"l":[1,2],"o":{"x":1}}"""),
            JsonNode.Parse("""{"l":[3],"o":{"x":null,"y":2}}"""))!.ToJsonString());
}
