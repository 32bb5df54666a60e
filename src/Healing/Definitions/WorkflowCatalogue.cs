namespace Heal.Healing;

/// <summary>
/// The workflow definitions that are in force. Loaded once at start; a single bad file refuses the start, because a healer that silently
/// lacks a workflow looks healthy until it is needed.
/// </summary>
public sealed class WorkflowCatalogue
{
    /// <summary>Characters of one file.</summary>
    public const int MaxFileLength = 256 * 1024;

    /// <summary>Files in the folder.</summary>
    public const int MaxFiles = 200;

    private WorkflowCatalogue(IReadOnlyList<WorkflowDefinition> definitions) => Definitions = definitions;

    public IReadOnlyList<WorkflowDefinition> Definitions { get; }

    /// <summary>The definition that serves an alert; null when none does.</summary>
    public WorkflowDefinition? For(Alert alert) =>
        Definitions.FirstOrDefault(definition => definition.Alerts.Any(matcher => matcher.Matches(alert)));

    /// <summary>The definition that a signal asks for by name, or that serves its alert; null when there is none.</summary>
    public WorkflowDefinition? For(Signal signal) => signal.Workflow is { } name ? Named(name) : For(signal.Alert);

    /// <summary>The definition with a name; null when there is none.</summary>
    public WorkflowDefinition? Named(string name) => Definitions.FirstOrDefault(definition => definition.Name == name);

    /// <summary>Reads all *.yaml and *.yml of a folder, not of the folders below it.</summary>
    /// <exception cref="WorkflowDefinitionException">A file is not usable, or two are at odds; lists all faults of all files.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    public static WorkflowCatalogue Load(string folder, IReadOnlyList<ActionDescriptor> actions)
    {
        if (!Directory.Exists(folder))
        {
            throw new DirectoryNotFoundException(
                $"Workflow folder '{folder}' does not exist. Set Heal:WorkflowsFolder to the folder with the workflow definitions.");
        }

        var paths = Directory.EnumerateFiles(folder)
            .Where(path => Path.GetExtension(path) is ".yaml" or ".yml")
            .Order(StringComparer.Ordinal).Take(MaxFiles + 1).ToList();
        if (paths.Count > MaxFiles) throw new WorkflowDefinitionException(
            [new WorkflowFault(folder, 1, 1, "", $"expected at most {MaxFiles} files")]);
        return Parse([.. paths.Select(path => (Path.GetFileName(path), ReadBounded(path)))], actions);
    }

    /// <summary>As <see cref="Load"/>, from texts.</summary>
    public static WorkflowCatalogue Parse(IReadOnlyList<(string File, string Text)> texts, IReadOnlyList<ActionDescriptor> actions)
    {
        var reader = new WorkflowReader();
        var files = texts.Select(text => reader.Read(text.File, text.Text, actions)).ToList();
        IReadOnlyList<WorkflowFault> faults = [.. files.SelectMany(file => file.Faults), .. WorkflowRules.CheckTogether(files)];
        if (faults.Count > 0) throw new WorkflowDefinitionException(faults);
        return new WorkflowCatalogue([.. files.Select(file => file.Definition!)]);
    }

    private static string ReadBounded(string path)
    {
        using var reader = new StreamReader(path);
        var buffer = new char[MaxFileLength + 1];
        return new string(buffer, 0, reader.ReadBlock(buffer, 0, buffer.Length));
    }
}
