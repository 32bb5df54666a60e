using DurableTask.Core.Hub;
using Microsoft.DurableTask.InMemory;

namespace Heal.DurableTask.Engine.Tests;

public sealed class InMemoryEngineTests : EngineTests
{
    protected override Task<ITaskHub> CreateHubAsync() => Task.FromResult<ITaskHub>(new InMemoryTaskHub(TimeProvider.System));
}
