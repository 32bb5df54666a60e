using System.Reflection;
using Microsoft.Extensions.Hosting;

namespace Microsoft.Azure.Functions.Worker.Builder;

/// <summary>Finds and runs the <see cref="IAutoConfigureStartup"/> classes of a program.</summary>
internal static class AutoStartups
{
    public static void Run(Assembly? program, IHostBuilder builder)
    {
        IEnumerable<Type> startups = program?.GetTypes()
            .Where(static t => typeof(IAutoConfigureStartup).IsAssignableFrom(t) && t is { IsAbstract: false, IsInterface: false }) ?? [];
        foreach (Type startup in startups)
        {
            ((IAutoConfigureStartup)Activator.CreateInstance(startup)!).Configure(builder);
        }
    }
}
