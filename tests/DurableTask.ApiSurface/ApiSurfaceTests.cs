using System.Reflection;
using DurableTask.Core.History;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Worker;

namespace Heal.DurableTask.ApiSurface.Tests;

/// <summary>
/// Applications compile against the contract's lists. What differs from them, in either direction, is written down with its reason.
/// </summary>
public sealed class ApiSurfaceTests
{
    private static readonly Dictionary<string, Assembly> Assemblies = new(StringComparer.Ordinal)
    {
        ["Abstractions"] = typeof(TaskOrchestrationContext).Assembly,
        ["Client"] = typeof(DurableTaskClient).Assembly,
        ["Worker"] = typeof(IDurableTaskWorkerBuilder).Assembly,
        ["InProcessTestHost"] = typeof(Microsoft.DurableTask.InMemory.InMemoryTaskHub).Assembly,
        ["Core"] = typeof(HistoryEvent).Assembly,
    };

    [Fact]
    public void The_public_surface_is_that_of_the_contract_but_for_the_exceptions_with_a_reason()
    {
        var exceptions = new ExceptionList(ContractList.LinesOf("exceptions.txt"));
        List<string> findings = [];
        foreach ((string list, Assembly assembly) in Assemblies)
        {
            HashSet<string> contract = [.. ContractList.Read(list)];
            HashSet<string> ours = [.. PublicApi.Of(assembly)];
            findings.AddRange(ours.Except(contract).Where(line => !exceptions.Covers('+', line)).Select(line => "+ " + line));
            findings.AddRange(contract.Except(ours).Where(line => !exceptions.Covers('-', line)).Select(line => "- " + line));
        }

        findings.AddRange(exceptions.Unused.Select(line => $"exceptions.txt: there is no such difference any more: {line}"));

        Assert.True(findings.Count == 0, $"{findings.Count} differences:\n{string.Join('\n', findings.Order(StringComparer.Ordinal))}");
    }
}
