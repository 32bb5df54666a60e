using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.Azure.Functions.Worker.Admin;

/// <summary>Registers the API for operators under <c>/admin</c>.</summary>
internal static class AdminServices
{
    public static void Add(IServiceCollection services)
    {
        services.AddSingleton<KeyApi>();
        services.AddSingleton<FunctionApi>();
        services.AddSingleton<ManualRun>();
        services.AddHostedService(static provider => provider.GetRequiredService<ManualRun>());
    }
}
