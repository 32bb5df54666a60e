using System.Collections.Immutable;
using Microsoft.CodeAnalysis;

namespace Microsoft.Azure.Functions.Worker.Sdk.Generators.Reading;

internal static class AssemblyReader
{
    /// <summary>Simple names of the referenced assemblies that may have functions: they know the host.</summary>
    public static ImmutableArray<string> WithFunctions(Compilation compilation) =>
    [
        .. compilation.SourceModule.ReferencedAssemblySymbols
            .Where(static assembly => assembly.Modules.Any(
                static module => module.ReferencedAssemblies.Any(static identity => identity.Name == Known.HostAssembly)))
            .Select(static assembly => assembly.Name)
            .Distinct(StringComparer.Ordinal)
            .OrderBy(static name => name, StringComparer.Ordinal),
    ];
}
