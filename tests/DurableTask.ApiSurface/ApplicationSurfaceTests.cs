using System.Reflection;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Worker;

namespace Heal.DurableTask.ApiSurface.Tests;

/// <summary>
/// The application and the samples can be built against the official packages: of our assemblies of the same names they use nothing,
/// neither type nor member, that is not on the contract's lists.
/// </summary>
public sealed class ApplicationSurfaceTests
{
    private const string Newer = "newer release";

    // What the compiler adds for our host; the official SDK adds its own.
    private const string CompiledList = "Microsoft.Azure.Functions.Worker.Discovery";

    private static readonly HashSet<string> Contract =
    [
        .. new[] { "Abstractions", "Client", "Worker", "Core", "FunctionsWorker", "Functions.DurableTask" }.SelectMany(ContractList.Read),
    ];

    private static readonly Assembly[] Ours =
    [
        typeof(TaskOrchestrationContext).Assembly, typeof(DurableTaskClient).Assembly, typeof(IDurableTaskWorkerBuilder).Assembly,
        typeof(global::DurableTask.Core.History.HistoryEvent).Assembly, typeof(FunctionContext).Assembly,
    ];

    public static TheoryData<string> Applications =>
        [.. typeof(ApplicationSurfaceTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Where(static path => path.Key == "Application").SelectMany(static paths => paths.Value!.Split(';'))];

    [Theory]
    [MemberData(nameof(Applications))]
    public void It_uses_nothing_that_the_official_packages_do_not_have(string path)
    {
        IReadOnlyList<MemberInfo> used = UsedApi.Of(path, IsOurs);
        Assert.Contains(used, static member => member is Type);
        string[] findings =
        [
            .. used.Select(FindingOf).OfType<string>().Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal),
        ];
        Assert.True(findings.Length == 0, $"{Path.GetFileName(path)} uses what only our host has:\n{string.Join('\n', findings)}");
    }

    [Fact]
    public void A_member_that_only_our_host_has_is_found()
    {
        MemberInfo own = typeof(TaskHubWorkerOptions).GetProperty(nameof(TaskHubWorkerOptions.ExtendedSessions))!.SetMethod!;
        Assert.NotNull(FindingOf(own));
        Assert.NotNull(FindingOf(typeof(TaskHubWorkerOptions)));
        Assert.Null(FindingOf(typeof(TaskOrchestrationContext).GetProperty(nameof(TaskOrchestrationContext.InstanceId))!.GetMethod!));
    }

    private static bool IsOurs(Assembly assembly) =>
        Ours.Contains(assembly)
        // Packages of ours without a namesake: using one at all is a finding.
        || assembly.GetName().Name is { } name && name.StartsWith("Microsoft.DurableTask.", StringComparison.Ordinal);

    /// <summary>The line of what the official packages do not have; null where they have it.</summary>
    private static string? FindingOf(MemberInfo used)
    {
        string? line = used is Type type ? PublicApi.LineOf(Definition(type)) : PublicApi.LineOf(used);
        Type owner = used as Type ?? used.DeclaringType!;
        if (line is null || owner.Namespace == CompiledList || Contract.Contains(line)
            // A protected constructor of an abstract class is called in the same way as the public one that the contract lists.
            || Contract.Contains(line.Replace("| protected ", "| ", StringComparison.Ordinal)))
        {
            return null;
        }

        string? reason = new ExceptionList(ContractList.LinesOf("exceptions.txt")).ReasonOf('+', line);
        return reason?.StartsWith(Newer, StringComparison.Ordinal) == true ? null : line;
    }

    private static Type Definition(Type type) => type.IsConstructedGenericType ? type.GetGenericTypeDefinition() : type;
}
