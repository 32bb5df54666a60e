namespace Microsoft.Azure.Functions.Worker.Sdk.Generators.Models;

/// <summary>All that the generated source depends on.</summary>
/// <param name="TaskNamespaces">Of classes with [DurableTask]: another generator writes functions around them there.</param>
/// <param name="Assemblies">Referenced assemblies that may have functions too.</param>
/// <param name="Settings">What the project file says.</param>
/// <param name="KnowsLists">The host that the project is compiled for can read lists.</param>
internal sealed record ProjectModel(
    EquatableArray<FunctionModel> Functions,
    EquatableArray<string> TaskNamespaces,
    EquatableArray<string> Assemblies,
    ProjectSettings Settings,
    bool KnowsLists);

/// <param name="WantsList">Else the host looks for functions when it starts.</param>
/// <param name="SeesAllAssemblies">The compiler gets the references of references.</param>
internal sealed record ProjectSettings(bool WantsList, bool SeesAllAssemblies);
