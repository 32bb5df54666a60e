using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.Azure.Functions.Worker.Keys;

/// <summary>Registers what has to do with keys. After the store, which has to be ready before keys are read.</summary>
internal static class KeyServices
{
    public static void Add(IServiceCollection services, KeySet configured, IConfiguration configuration, List<string> faults)
    {
        int wrongKeysPerMinute = WrongKeyLimiter.Read(configuration, faults);
        services.AddSingleton(configured);
        services.AddSingleton<KeyRing>();
        services.AddSingleton<KeyBootstrap>();
        services.AddSingleton<KeyAdmin>();
        services.AddSingleton<KeyRefresher>();
        services.AddHostedService(static provider => provider.GetRequiredService<KeyRefresher>());
        services.AddSingleton(provider => new WrongKeyLimiter(wrongKeysPerMinute, provider.GetRequiredService<TimeProvider>()));
    }
}
