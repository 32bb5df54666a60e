using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes.Models;

namespace Heal.Drivers.Kubernetes.Tests;

public sealed class ModelTests
{
    [Fact]
    public void Fields_that_no_model_names_are_written_back()
    {
        var json = JsonNode.Parse("""
            {"apiVersion":"apps/v1","kind":"Deployment",
             "metadata":{"name":"web","selfLink":"/x","managedFields":[{"manager":"m","fieldsV1":{"f:spec":{}}}]},
             "spec":{"replicas":2,"future":{"a":[1,2]},"selector":{"matchLabels":{"app":"web"},"new":1},
                     "template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"c","ports":[{"containerPort":80}]}]}}}}
            """)!;
        Assert.True(JsonNode.DeepEquals(json, KubernetesObject.FromJson<Deployment>(json).ToJson()));
    }

    [Fact]
    public void A_pod_is_written_back_whole_too()
    {
        var json = JsonNode.Parse("""
            {"metadata":{"name":"p"},
             "spec":{
               "containers":[{"name":"c","securityContext":{"runAsUser":1},
                 "env":[{"name":"A","valueFrom":{"fieldRef":{"fieldPath":"x"}}}]}],
               "volumes":[{"name":"v","emptyDir":{"medium":"Memory"}},
                 {"name":"w","configMap":{"name":"cm","items":[{"key":"k","path":"p"}]}}],
               "hostNetwork":true}}
            """)!;
        Assert.True(JsonNode.DeepEquals(json, KubernetesObject.FromJson<Pod>(json).ToJson()));
    }

    [Fact]
    public void A_kind_without_a_model_is_kept_whole_and_can_be_looked_into()
    {
        var json = JsonNode.Parse("""
            {"apiVersion":"x.io/v1","kind":"Widget","metadata":{"name":"w"},"spec":{"size":3},"status":{"phase":"Ready"}}
            """)!;
        var widget = KubernetesObject.FromJson<KubernetesObject>(json);
        Assert.Equal("Ready", widget.Field("status", "phase")!.Value.GetString());
        Assert.Null(widget.Field("status", "phase", "deeper"));
        Assert.True(JsonNode.DeepEquals(json, widget.ToJson()));
    }

    [Fact]
    public void A_change_by_with_leaves_the_rest_as_it_was()
    {
        var before = KubernetesObject.FromJson<ConfigMap>(
            JsonNode.Parse("""{"metadata":{"name":"c"},"data":{"a":"1"},"binaryData":{"b":"AA=="}}""")!);
        var after = before with { Data = new Dictionary<string, string> { ["a"] = "2" } };
        Assert.True(JsonNode.DeepEquals(
            JsonNode.Parse("""{"metadata":{"name":"c"},"data":{"a":"2"},"binaryData":{"b":"AA=="}}"""), after.ToJson()));
    }

    [Theory]
    [InlineData("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000000Z")]
    [InlineData("2026-01-02T03:04:05.123456Z", "2026-01-02T03:04:05.123456Z")]
    public void Micro_times_are_written_with_six_digits(string read, string written)
    {
        var json = KubernetesObject.FromJson<KubernetesEvent>(JsonNode.Parse($$"""{"eventTime":"{{read}}"}""")!).ToJson();
        Assert.Equal(written, (string?)json["eventTime"]);
    }

    [Fact]
    public void A_label_selector_is_written_as_lists_want_it()
    {
        var selector = new LabelSelector
        {
            MatchLabels = new Dictionary<string, string> { ["app"] = "web" },
            MatchExpressions =
            [
                new LabelSelectorRequirement { Key = "tier", Operator = "In", Values = ["a", "b"] },
                new LabelSelectorRequirement { Key = "old", Operator = "DoesNotExist" },
            ],
        };
        Assert.Equal("app=web,tier in (a,b),!old", selector.ToString());
    }

    [Fact]
    public void Templates_are_the_same_but_for_the_hash_that_the_controller_adds()
    {
        var ofDeployment = Template("""{"app":"web"}""");
        var ofSet = Template("""{"app":"web","pod-template-hash":"1a"}""");
        Assert.True(PodTemplate.Same(ofDeployment, ofSet));
        ofSet["spec"]!["containers"]![0]!["image"] = "i:2";
        Assert.False(PodTemplate.Same(ofDeployment, ofSet));
        Assert.Equal("i:2", PodTemplate.Spec(ofSet).Containers.Single().Image);

        static JsonObject Template(string labels) => new()
        {
            ["metadata"] = new JsonObject { ["labels"] = JsonNode.Parse(labels) },
            ["spec"] = JsonNode.Parse("""{"containers":[{"name":"c","image":"i:1"}]}"""),
        };
    }

    [Fact]
    public void Pointers_escape_what_names_may_contain() =>
        Assert.Equal("/metadata/annotations/a.io~1b~0c", JsonPatchOperation.PathTo("metadata", "annotations", "a.io/b~c"));

    [Fact]
    public void An_environment_variable_does_not_show_its_value() =>
        Assert.DoesNotContain("s3cret", new EnvVar { Name = "TOKEN", Value = "s3cret" }.ToString(), StringComparison.Ordinal);

    [Fact]
    public void Options_out_of_range_are_reported_together()
    {
        var options = new KubernetesClientOptions
        {
            Server = new Uri("http://127.0.0.1:1"), MaxAttempts = 0, BreakerFailureRatio = 2, AttemptTimeout = TimeSpan.Zero,
        };
        var refused = Assert.Throws<ArgumentException>(() => Support.Some.Factory().Create(options));
        foreach (var name in (string[])["MaxAttempts", "BreakerFailureRatio", "AttemptTimeout"])
            Assert.Contains(name, refused.Message, StringComparison.Ordinal);
    }
}
