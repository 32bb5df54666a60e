using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Microsoft.DurableTask.Generators;

/// <summary>Takes out what no source can be written for, and says why.</summary>
internal static class ProjectCheck
{
    public static (ProjectModel Project, ImmutableArray<Diagnostic> Faults) Run(ProjectModel project)
    {
        var faults = ImmutableArray.CreateBuilder<Diagnostic>();
        var tasks = project.Tasks.Where(task => IsWellNamed(task, faults)).ToList();
        tasks = project.Type == ProjectType.Functions
            ? [.. WithFreeFunctionNames(tasks, project.Functions, faults)]
            : [.. WithFreeTaskNames(tasks, faults)];
        var events = project.Events.Where(item => IsWellNamed(item, faults));
        var good = project with
        {
            Tasks = new EquatableArray<TaskModel>([.. tasks]),
            Events = new EquatableArray<EventModel>([.. events]),
        };
        return (good, faults.ToImmutable());
    }

    private static bool IsWellNamed(TaskModel task, ImmutableArray<Diagnostic>.Builder faults)
    {
        var isNamed = SyntaxFacts.IsValidIdentifier(task.Name);
        if (!isNamed) faults.Add(Diagnostic.Create(Rules.BadTaskName, task.Place.ToLocation(), task.Name));
        var isBlank = task.Version.Length > 0 && string.IsNullOrWhiteSpace(task.Version);
        if (isBlank) faults.Add(Diagnostic.Create(Rules.BlankVersion, task.Place.ToLocation(), task.Name));
        return isNamed && !isBlank;
    }

    private static bool IsWellNamed(EventModel item, ImmutableArray<Diagnostic>.Builder faults)
    {
        var isNamed = SyntaxFacts.IsValidIdentifier(item.Name);
        if (!isNamed) faults.Add(Diagnostic.Create(Rules.BadEventName, item.Place.ToLocation(), item.Name));
        return isNamed;
    }

    // An orchestrator and an activity may have the same name: a worker looks each up among its own kind.
    private static IEnumerable<TaskModel> WithFreeTaskNames(List<TaskModel> tasks, ImmutableArray<Diagnostic>.Builder faults)
    {
        foreach (var same in tasks.GroupBy(static task => (task.Kind, Key(task.Name), Version(task))))
        {
            foreach (var other in same.Skip(1))
            {
                faults.Add(Diagnostic.Create(Rules.DuplicateTask, other.Place.ToLocation(), other.Name, other.Version));
            }

            yield return same.First();
        }

        // A registry knows no versions of an entity.
        static string Version(TaskModel task) => task.Kind == TaskKind.Entity ? "" : Key(task.Version);
    }

    private static IEnumerable<TaskModel> WithFreeFunctionNames(
        List<TaskModel> tasks, IEnumerable<FunctionModel> functions, ImmutableArray<Diagnostic>.Builder faults)
    {
        var taken = new HashSet<string>(functions.Select(static function => Key(function.Name)), StringComparer.Ordinal);
        foreach (var same in tasks.GroupBy(static task => Key(task.Name)))
        {
            var isTaken = taken.Contains(same.Key) || same.Skip(1).Any();
            foreach (var task in same)
            {
                // None of several: which of them the host would have called is not ours to choose. And a function has no version.
                if (isTaken) faults.Add(Diagnostic.Create(Rules.DuplicateFunction, task.Place.ToLocation(), task.Name));
                else yield return task with { Version = "" };
            }
        }
    }

    // Names and versions that differ in case only are the same to the engine.
    private static string Key(string text) => text.ToUpperInvariant();
}
