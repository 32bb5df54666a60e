using System.Reflection;
using DurableTask.Core.History;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Worker;

namespace Heal.DurableTask.ApiSurface.Tests;

/// <summary>
/// Applications compile against the contract's lists. What differs from them, in either direction, is written down with its reason.
/// </summary>
public sealed class ApiSurfaceTests
{
    private const string DurableExtension = "Functions.DurableTask";

    private static readonly Dictionary<string, Assembly> Assemblies = new(StringComparer.Ordinal)
    {
        ["Abstractions"] = typeof(TaskOrchestrationContext).Assembly,
        ["Client"] = typeof(DurableTaskClient).Assembly,
        ["Worker"] = typeof(IDurableTaskWorkerBuilder).Assembly,
        ["InProcessTestHost"] = typeof(Microsoft.DurableTask.InMemory.InMemoryTaskHub).Assembly,
        ["Core"] = typeof(HistoryEvent).Assembly,
        ["FunctionsWorker"] = typeof(FunctionContext).Assembly,
        [DurableExtension] = typeof(TaskEntityDispatcher).Assembly,
    };

    /// <summary>The lists whose attributes are compared: those of the durable task engine.</summary>
    private static readonly string[] AttributeLists =
        ["Abstractions", "Client", "Worker", "InProcessTestHost", "Core", DurableExtension];

    /// <summary>
    /// The official packages of the function host are one assembly here. A list of one of them is compared with the types that it names,
    /// and with all types of these namespaces, which no other package has.
    /// </summary>
    private static readonly Dictionary<string, string[]> NamespacesOfPackages = new(StringComparer.Ordinal)
    {
        [DurableExtension] =
        [
            "Microsoft.Azure.Functions.Worker.Extensions.DurableTask",
            "Microsoft.Azure.Functions.Worker.Extensions.DurableTask.Http",
            "Microsoft.DurableTask",
        ],
    };

    [Fact]
    public void The_public_surface_is_that_of_the_contract_but_for_the_exceptions_with_a_reason()
    {
        var exceptions = new ExceptionList(ContractList.LinesOf("exceptions.txt"));
        List<string> findings = [];
        foreach ((string list, Assembly assembly) in Assemblies)
        {
            HashSet<string> contract = [.. ContractList.Read(list)];
            HashSet<string> ours = [.. PublicApi.Of(assembly).Where(PartOf(list, contract))];
            findings.AddRange(ours.Except(contract).Where(line => !exceptions.Covers('+', line)).Select(line => "+ " + line));
            findings.AddRange(contract.Except(ours).Where(line => !exceptions.Covers('-', line)).Select(line => "- " + line));
        }

        findings.AddRange(exceptions.Unused.Select(line => $"exceptions.txt: there is no such difference any more: {line}"));

        Assert.True(findings.Count == 0, $"{findings.Count} differences:\n{string.Join('\n', findings.Order(StringComparer.Ordinal))}");
    }

    [Fact]
    public void Its_attributes_are_those_of_the_contract_but_for_the_exceptions_with_a_reason()
    {
        var exceptions = new ExceptionList(ContractList.LinesOf("attribute-exceptions.txt"));
        List<string> findings = [];
        foreach (string list in AttributeLists)
        {
            // Of what both have; what only one has is the business of the list of members.
            HashSet<string> contract = [.. ContractList.Read(list)];
            HashSet<string> members = [.. PublicApi.Of(Assemblies[list]).Where(contract.Contains)];
            HashSet<string> theirs = [.. ContractList.LinesOf($"Attributes.{list}.txt").Where(line => members.Contains(MemberOf(line)))];
            HashSet<string> ours = [.. PublicAttributes.Of(Assemblies[list]).Where(line => members.Contains(MemberOf(line)))];
            findings.AddRange(ours.Except(theirs).Where(line => !exceptions.Covers('+', line)).Select(line => "+ " + line));
            findings.AddRange(theirs.Except(ours).Where(line => !exceptions.Covers('-', line)).Select(line => "- " + line));
            findings.AddRange(ContractList.LinesOf($"Attributes.{list}.txt").Where(line => !contract.Contains(MemberOf(line)))
                .Select(line => $"Attributes/{list}.txt names a member that the contract does not have: {line}"));
        }

        findings.AddRange(exceptions.Unused.Select(line => $"attribute-exceptions.txt: there is no such difference any more: {line}"));

        Assert.True(findings.Count == 0, $"{findings.Count} differences:\n{string.Join('\n', findings.Order(StringComparer.Ordinal))}");
    }

    /// <summary>"type | member" of "type | member | [attribute]".</summary>
    private static string MemberOf(string line) => line[..line.LastIndexOf(" | [", StringComparison.Ordinal)];

    private static Func<string, bool> PartOf(string list, HashSet<string> contract)
    {
        if (list == "FunctionsWorker")
        {
            // What the host has beside the durable extension, which is a package and a list of its own.
            Func<string, bool> isDurable = PartOf(DurableExtension, [.. ContractList.Read(DurableExtension)]);
            return line => !isDurable(line);
        }

        if (!NamespacesOfPackages.TryGetValue(list, out string[]? namespaces))
        {
            return static _ => true;
        }

        HashSet<string> types = [.. contract.Select(TypeOf)];
        return line => types.Contains(TypeOf(line)) || namespaces.Contains(NamespaceOf(TypeOf(line)), StringComparer.Ordinal);
    }

    private static string TypeOf(string line) => line[..line.IndexOf(" | ", StringComparison.Ordinal)];

    private static string NamespaceOf(string type) => type[..type.Split('<')[0].LastIndexOf('.')];
}
