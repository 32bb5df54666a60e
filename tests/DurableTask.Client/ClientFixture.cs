using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging.Abstractions;

namespace Heal.DurableTask.Client.Tests;

/// <summary>A client over a fake hub with a manual clock and countable ids.</summary>
public abstract class ClientFixture
{
    private int _ids;

    private protected ClientFixture()
    {
        Hub = new FakeTaskHub(Time);
        var hubOptions = new TaskHubClientOptions { NewGuid = _ => new Guid(++_ids, 0, 0, new byte[8]) };
        Client = new TaskHubClient("test", Hub, Options, hubOptions, Time, NullLogger.Instance);
    }

    private protected ManualTime Time { get; } = new();

    private protected FakeTaskHub Hub { get; }

    private protected DurableTaskClientOptions Options { get; } = new();

    private protected DurableTaskClient Client { get; }
}
