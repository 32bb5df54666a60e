using System.Reflection;
using Microsoft.Azure.Functions.Worker.Core;

namespace Microsoft.Azure.Functions.Worker.Builder;

/// <summary>Runs the startup classes that the application's assemblies name.</summary>
internal static class ExtensionStartups
{
    public static void Run(IEnumerable<Assembly> assemblies, IFunctionsWorkerApplicationBuilder builder, List<string> faults)
    {
        IEnumerable<(Assembly Assembly, Type Type)> startups =
            from assembly in assemblies
            from type in assembly.GetCustomAttributes<WorkerExtensionStartupAttribute>().Select(static a => a.StartupType)
                .Concat(assembly.GetCustomAttributes<WorkerExtensionStartupCodeExecutorInfoAttribute>()
                    .Select(static a => a.StartupCodeExecutorType))
            select (assembly, type);
        foreach ((Assembly assembly, Type type) in startups.DistinctBy(static s => s.Type).ToList())
        {
            if (typeof(WorkerExtensionStartup).IsAssignableFrom(type) && !type.IsAbstract && type.GetConstructor([]) is not null)
            {
                ((WorkerExtensionStartup)Activator.CreateInstance(type)!).Configure(builder);
            }
            else
            {
                faults.Add($"assembly '{assembly.GetName().Name}': names the startup class {type}, expected one that derives from "
                    + "WorkerExtensionStartup and has a public constructor without parameters");
            }
        }
    }
}
