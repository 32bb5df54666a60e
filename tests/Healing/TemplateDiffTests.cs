using System.Text.Json.Nodes;

namespace Heal.Healing.Tests;

public sealed class TemplateDiffTests
{
    private const string Template = """
        {"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"app","image":"web:1",
          "env":[{"name":"MODE","value":"fast"},{"name":"DB_PASSWORD","value":"hunter2"}]},{"name":"side","image":"side:1"}]}}
        """;

    [Fact]
    public void A_change_has_its_path_with_old_and_new()
    {
        var difference = Assert.Single(Diff(Template.Replace("web:1", "web:2")));

        Assert.Equal(("spec.containers[app].image", "web:1", "web:2"), (difference.Path, difference.Old, difference.New));
    }

    [Fact]
    public void An_inserted_container_is_one_change() =>
        Assert.Equal("spec.containers[new]",
            Assert.Single(Diff(Template.Replace("[{\"name\":\"app\"", "[{\"name\":\"new\"},{\"name\":\"app\""))).Path);

    [Fact]
    public void A_secret_is_never_shown()
    {
        var difference = Assert.Single(Diff(Template.Replace("hunter2", "hunter3")));

        Assert.Equal((Scrubber.Redacted, Scrubber.Redacted), (difference.Old, difference.New));
    }

    [Fact]
    public void A_secret_in_a_container_that_is_removed_is_not_shown_either()
    {
        var removed = JsonNode.Parse(Template)!.AsObject();
        removed["spec"]!["containers"]!.AsArray().RemoveAt(0);

        var (differences, _) = TemplateDiff.Compare(JsonNode.Parse(Template)!.AsObject(), removed);

        Assert.DoesNotContain("hunter2", Assert.Single(differences).Old);
    }

    [Fact]
    public void What_controllers_add_is_no_difference()
    {
        var added = JsonNode.Parse(Template)!.AsObject();
        added["metadata"]!["labels"]!["pod-template-hash"] = "abc";
        added["metadata"]!["creationTimestamp"] = null;

        Assert.Empty(TemplateDiff.Compare(JsonNode.Parse(Template)!.AsObject(), added).Differences);
        Assert.Equal(PodTemplates.Hash(JsonNode.Parse(Template)!.AsObject()), PodTemplates.Hash(added));
    }

    [Fact]
    public void Differences_are_bounded_and_the_rest_is_counted()
    {
        var (old, current) = (new JsonObject(), new JsonObject());
        for (var i = 0; i < EvidenceLimits.Changes + 5; i++) (old[$"f{i}"], current[$"f{i}"]) = (1, 2);

        var (differences, omitted) = TemplateDiff.Compare(old, current);

        Assert.Equal((EvidenceLimits.Changes, 5), (differences.Count, omitted));
    }

    [Theory]
    [InlineData("password=hunter2 and more", "password=[redacted] and more")]
    [InlineData("postgres://heal:hunter2@db/heal", "postgres://heal:[redacted]@db/heal")]
    [InlineData("Authorization: Bearer abcdefghijk", "Authorization: Bearer [redacted]")]
    [InlineData("key AKIAABCDEFGHIJKLMNOP used", "key [redacted] used")]
    [InlineData("nothing to hide", "nothing to hide")]
    public void Secrets_are_scrubbed_from_text(string text, string scrubbed) => Assert.Equal(scrubbed, Scrubber.Scrub(text));

    private static IReadOnlyList<Difference> Diff(string changed) =>
        TemplateDiff.Compare(JsonNode.Parse(Template)!.AsObject(), JsonNode.Parse(changed)!.AsObject()).Differences;
}
