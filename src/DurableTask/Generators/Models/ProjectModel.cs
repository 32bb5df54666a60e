namespace Microsoft.DurableTask.Generators.Models;

internal enum ProjectType
{
    /// <summary>Functions if there are durable functions or a reference to their attributes, else Standalone.</summary>
    Auto,
    Functions,
    Standalone,
}

/// <summary>All that the generated source depends on.</summary>
internal sealed record ProjectModel(
    EquatableArray<TaskModel> Tasks,
    EquatableArray<EventModel> Events,
    EquatableArray<FunctionModel> Functions,
    ProjectType Type);
