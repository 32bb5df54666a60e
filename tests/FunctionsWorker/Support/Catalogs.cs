using System.Reflection;
using Microsoft.Azure.Functions.Worker.Discovery;

namespace Heal.FunctionsWorker.Tests.Support;

/// <summary>Catalogs of what is found in assemblies, whether they have a list of their functions or not.</summary>
internal static class Catalogs
{
    public static FunctionCatalog Discover(params Assembly[] assemblies) =>
        FunctionCatalog.Of(assemblies.SelectMany(static assembly => DeclaredFunctions.Found(assembly.GetTypes())));
}
