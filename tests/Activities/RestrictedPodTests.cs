namespace Heal.Activities.Tests;

/// <summary>The pod of <c>deploy/kubernetes</c> keeps to the level that its namespace asks for.</summary>
public sealed class RestrictedPodTests
{
    public static TheoryData<string> Breaches => [.. RestrictedPod.Breaches.Select(breach => breach.Name)];

    [Fact]
    public void The_shipped_pod_breaks_no_control_of_the_restricted_level() =>
        Assert.Empty(RestrictedPod.BrokenBy(RestrictedPod.Shipped()));

    [Theory]
    [MemberData(nameof(Breaches))]
    public void Each_breach_is_seen(string name)
    {
        var breach = RestrictedPod.Breaches.Single(breach => breach.Name == name);

        Assert.Equal([breach.Control], RestrictedPod.BrokenBy(breach.Of(RestrictedPod.Shipped())));
    }
}
