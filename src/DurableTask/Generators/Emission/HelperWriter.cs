using System.Text;

namespace Microsoft.DurableTask.Generators.Emission;

/// <summary>Writes the typed calls: ScheduleNew…InstanceAsync, Call…Async, WaitFor…Async, Send…. Their parameters are named as those of the
/// official generator, as a caller may name them too.</summary>
internal sealed class HelperWriter(SourceWriter writer, ProjectModel project)
{
    private const string Context = "this global::Microsoft.DurableTask.TaskOrchestrationContext";
    private const string Submitter = "this global::Microsoft.DurableTask.Internal.IOrchestrationSubmitter client";
    private const string StartOptions = "global::Microsoft.DurableTask.StartOrchestrationOptions";
    private const string CallOptions = "global::Microsoft.DurableTask.TaskOptions";
    private const string Version = "global::Microsoft.DurableTask.TaskVersion";
    private const string Task = "global::System.Threading.Tasks.Task";
    private const string Token = "global::System.Threading.CancellationToken";

    private readonly HashSet<string> _written = new(StringComparer.Ordinal);
    private bool _startsVersions;
    private bool _callsVersions;

    public void Write(TaskModel task)
    {
        if (task.Kind == TaskKind.Entity || Modifier(task.Input!, task.Output!) is not { } modifier) return;
        foreach (var root in RootsOf(task))
        {
            if (task.Kind == TaskKind.Orchestrator) WriteStart(task, root);
            WriteCall(task, root, modifier);
        }
    }

    public void Write(FunctionModel function)
    {
        var types = new[] { function.Input, function.Output }.OfType<TypeModel>().ToArray();
        if (!Microsoft.CodeAnalysis.CSharp.SyntaxFacts.IsValidIdentifier(function.Name) || Modifier(types) is not { } modifier) return;
        var returned = function.Output is null ? Task : $"{Task}<{function.Output.Name}>";
        var result = function.Output is null ? "" : $"<{function.Output.Name}>";
        var parameter = function.Input is null ? "" : Parameter(function.Input, "@" + function.InputName);
        var argument = function.Input is null ? "null" : "@" + function.InputName;
        Write(
            $"Calls the activity function {function.TaskName}.",
            $"{modifier} static {returned} Call{function.Name}Async",
            $"{Context} ctx{parameter}, {CallOptions}? options = null",
            $"ctx.CallActivityAsync{result}({SourceWriter.Literal(function.TaskName)}, {argument}, options)",
            function.Input?.Name);
    }

    public void Write(EventModel item)
    {
        var modifier = Modifier(item.Type)!;
        Write(
            $"Waits for the event {item.Name}.",
            $"{modifier} static {Task}<{item.Type.Name}> WaitFor{item.Name}Async",
            $"{Context} context, {Token} cancellationToken = default",
            $"context.WaitForExternalEvent<{item.Type.Name}>({SourceWriter.Literal(item.Name)}, cancellationToken)",
            null);
        Write(
            $"Sends the event {item.Name} to another orchestration: one way, without an answer.",
            $"{modifier} static void Send{item.Name}",
            $"{Context} context, string instanceId, {item.Type.Name} eventData",
            $"context.SendEvent(instanceId, {SourceWriter.Literal(item.Name)}, eventData)",
            item.Type.Name);
    }

    /// <summary>Writes what the calls of versioned tasks share.</summary>
    public void Finish()
    {
        if (_startsVersions) WriteVersionRule(StartOptions);
        if (_callsVersions) WriteVersionRule(CallOptions);
    }

    private void WriteStart(TaskModel task, string root)
    {
        var options = task.Version.Length == 0 ? "options" : $"OfVersion(options, {SourceWriter.Literal(task.Version)})";
        _startsVersions |= Write(
            $"Starts the orchestration <see cref=\"{task.TypeName}\"/>.",
            $"{Modifier(task.Input!)} static {Task}<string> ScheduleNew{root}InstanceAsync",
            $"{Submitter}{Parameter(task.Input!, "input")}, {StartOptions}? options = null",
            $"client.ScheduleNewOrchestrationInstanceAsync({SourceWriter.Literal(task.Name)}, input, {options})",
            task.Input!.Name) && task.Version.Length > 0;
    }

    private void WriteCall(TaskModel task, string root, string modifier)
    {
        var options = task.Version.Length == 0 ? "options" : $"OfVersion(options, {SourceWriter.Literal(task.Version)})";
        var (kind, context, call) = task.Kind == TaskKind.Activity
            ? ("activity", "ctx", "CallActivityAsync")
            : ("sub-orchestration", "context", "CallSubOrchestratorAsync");
        _callsVersions |= Write(
            $"Calls the {kind} <see cref=\"{task.TypeName}\"/>.",
            $"{modifier} static {Task}<{task.Output!.Name}> Call{root}Async",
            $"{Context} {context}{Parameter(task.Input!, "input")}, {CallOptions}? options = null",
            $"{context}.{call}<{task.Output!.Name}>({SourceWriter.Literal(task.Name)}, input, {options})",
            task.Input!.Name) && task.Version.Length > 0;
    }

    // An orchestrator and an activity, or two versions, can come to the same signature: the first has it.
    private bool Write(string summary, string head, string parameters, string body, string? input)
    {
        if (!_written.Add($"{head.Substring(head.LastIndexOf(' ') + 1)}({input?.TrimEnd('?')})")) return false;
        writer.Method(summary, $"{head}({parameters})", body);
        return true;
    }

    private void WriteVersionRule(string options) => writer.Gap()
        .Open($"private static {options} OfVersion({options}? options, string version)")
        .Line($"if (options is null) return new {options}() {{ Version = new {Version}(version) }};")
        .Line($"return options.Version is null ? options with {{ Version = new {Version}(version) }} : options;")
        .Close();

    /// <summary>The names that a task is called by in method names. Several classes of one task name are told apart by their own names;
    /// a version can be asked for by name, too, whatever its class is called.</summary>
    private IEnumerable<string> RootsOf(TaskModel task)
    {
        var isAlone = project.Tasks.Count(other => other.Kind == task.Kind
            && string.Equals(other.Name, task.Name, StringComparison.OrdinalIgnoreCase)) == 1;
        var roots = new List<string>();
        if (isAlone || task.Version.Length == 0) roots.Add(task.Name);
        if (!isAlone) roots.Add(task.ClassName);
        if (task.Version.Length > 0) roots.Add($"{task.Name}_{AsIdentifier(task.Version)}");
        return roots.Distinct(StringComparer.Ordinal);
    }

    private static string AsIdentifier(string version)
    {
        var text = new StringBuilder(version);
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsLetterOrDigit(text[i])) text[i] = '_';
        }

        return text.ToString();
    }

    private static string Parameter(TypeModel type, string name) => $", {type.Name} {name}{(type.IsOptional ? " = default" : "")}";

    // Null: no method can name all of the types.
    private static string? Modifier(params TypeModel[] types) => types.Select(static type => type.Visibility)
        .DefaultIfEmpty(Visibility.Public).Min() switch
        {
            Visibility.Public => "public",
            Visibility.Internal => "internal",
            _ => null,
        };
}
