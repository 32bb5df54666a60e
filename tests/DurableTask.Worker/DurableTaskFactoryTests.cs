using Microsoft.DurableTask;
using Microsoft.DurableTask.Worker;
using Moq;

namespace Heal.DurableTask.Worker.Tests;

public sealed class DurableTaskFactoryTests
{
    private static readonly IServiceProvider NoServices = Mock.Of<IServiceProvider>();

    private readonly ITaskActivity _unversioned = Mock.Of<ITaskActivity>();
    private readonly ITaskActivity _first = Mock.Of<ITaskActivity>();
    private readonly DurableTaskRegistry _registry = new();

    [Fact]
    public void A_version_is_served_by_its_own_registration()
    {
        _registry.AddActivity("Pay", _unversioned).AddActivity("Pay", "1", () => _first);

        Assert.Same(_first, Find("Pay", "1"));
        Assert.Same(_unversioned, Find("Pay", ""));
    }

    [Fact]
    public void A_name_without_versions_serves_every_version()
    {
        _registry.AddActivity("Pay", _unversioned);

        Assert.Same(_unversioned, Find("Pay", "1"));
    }

    [Fact]
    public void A_name_with_versions_does_not_serve_an_unknown_one_from_the_unversioned()
    {
        _registry.AddActivity("Pay", _unversioned).AddActivity("Pay", "1", () => _first);

        Assert.Null(Find("Pay", "2"));
    }

    [Fact]
    public void A_call_without_a_version_is_not_served_by_a_versioned_registration()
    {
        _registry.AddActivity("Pay", "1", () => _first);

        Assert.Null(Find("Pay", ""));
    }

    [Fact]
    public void Names_and_versions_are_compared_without_case()
    {
        _registry.AddActivity("Pay", "Beta", () => _first);

        Assert.Same(_first, Find("PAY", "BETA"));
    }

    [Fact]
    public void An_unknown_name_is_not_found()
    {
        _registry.AddActivity("Pay", _unversioned);

        Assert.Null(Find("Ship", ""));
    }

    [Fact]
    public void Versions_of_an_activity_say_nothing_about_an_orchestrator_of_the_same_name()
    {
        var orchestrator = Mock.Of<ITaskOrchestrator>();
        _registry.AddActivity("Pay", "1", () => _first).AddOrchestrator("Pay", orchestrator);

        Assert.True(new DurableTaskFactory(_registry).TryCreateOrchestrator("Pay", "1", NoServices, out var found));
        Assert.Same(orchestrator, found);
    }

    private ITaskActivity? Find(string name, string version) =>
        new DurableTaskFactory(_registry).TryCreateActivity(name, version, NoServices, out var activity) ? activity : null;
}
