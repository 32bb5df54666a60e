using Microsoft.DurableTask.InMemory;

namespace Heal.DurableTask.Hubs.Tests;

public sealed class InMemoryHubTests : TaskHubConformance
{
    protected override (ITaskHub Hub, ITaskHub OtherHub) CreateHubs()
    {
        var storage = new InMemoryStorage();
        return (new InMemoryTaskHub(TimeProvider.System, storage), new InMemoryTaskHub(TimeProvider.System, storage));
    }
}
