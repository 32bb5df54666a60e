using System.Collections.Concurrent;
using DurableTask.Core.Hub;
using Microsoft.DurableTask.InMemory;

namespace Heal.DurableTask.Engine.Tests;

public sealed class InMemoryEntityTests : EntityTests
{
    private readonly ConcurrentDictionary<string, InMemoryStorage> _stores = new(StringComparer.Ordinal);

    protected override ITaskHub CreateHub(string store) =>
        new InMemoryTaskHub(TimeProvider.System, _stores.GetOrAdd(store, _ => new InMemoryStorage()));
}
