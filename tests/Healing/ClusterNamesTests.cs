namespace Heal.Healing.Tests;

public sealed class ClusterNamesTests
{
    private static readonly ClusterNames Ours = new("cluster", "prod", ["prod", "prod-eu-1"]);

    [Theory]
    [InlineData("prod", true)]
    [InlineData("prod-eu-1", true)]
    [InlineData("staging", false)]
    [InlineData("Prod", false)]
    [InlineData("", true)]
    public void The_label_says_whose_alert_it_is_and_without_one_it_is_ours(string value, bool isOurs) =>
        Assert.Equal(isOurs, Ours.WhyForeign(Some.Alert("KubeNodeNotReady", ("cluster", value))) is null);

    [Fact]
    public void Another_label_may_say_it()
    {
        var byRegion = Ours with { Label = "k8s_cluster" };

        Assert.Null(byRegion.WhyForeign(Some.Alert("KubeNodeNotReady", ("cluster", "staging"))));
        Assert.Contains("'staging'", byRegion.WhyForeign(Some.Alert("KubeNodeNotReady", ("k8s_cluster", "staging"))));
    }

    [Fact]
    public void Without_a_label_or_a_name_to_compare_with_every_alert_is_ours()
    {
        var alert = Some.Alert("KubeNodeNotReady", ("cluster", "staging"));

        Assert.Null((Ours with { Label = "" }).WhyForeign(alert));
        Assert.Null((Ours with { Values = [] }).WhyForeign(alert));
    }

    [Fact]
    public void The_answer_holds_no_control_characters_and_is_bounded()
    {
        var why = Ours.WhyForeign(Some.Alert("KubeNodeNotReady", ("cluster", new string('x', 1000))));

        Assert.InRange(why!.Length, 100, 500);
    }
}
