using System.Reflection;
using Microsoft.DurableTask.Worker;
using Microsoft.Extensions.Logging;

namespace Heal.DurableTask.Worker.Tests;

public sealed class LogIdTests
{
    [Fact]
    public void An_event_id_says_one_thing_in_the_whole_worker()
    {
        // Not by category: the legacy one gets what the others get.
        var ids = typeof(DurableTaskWorkerOptions).Assembly.GetTypes()
            .SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic))
            .Select(method => (Method: method, method.GetCustomAttribute<LoggerMessageAttribute>()?.EventId))
            .Where(logged => logged.EventId is not null)
            .GroupBy(logged => logged.EventId, logged => $"{logged.Method.DeclaringType!.DeclaringType?.Name}.{logged.Method.Name}")
            .ToList();

        Assert.True(ids.Count > 30, $"Only {ids.Count} event ids were found.");
        Assert.All(ids, id => Assert.True(id.Count() == 1, $"Event {id.Key} is {string.Join(" and ", id)}."));
    }
}
