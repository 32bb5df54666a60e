using Heal.Drivers.Kubernetes.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Heal.Drivers.Kubernetes.Tests;

public sealed class ServiceRegistrationTests
{
    [Fact]
    public async Task One_line_gives_a_working_client_for_the_process()
    {
        await using var server = await ApiServerDouble.StartAsync();
        server.On("GET /version", """{"major":"1","minor":"20","gitVersion":"v1.20.2"}""");
        await using var services = new ServiceCollection()
            .AddLogging()
            .AddKubernetesClient(options => options.Server = server.Url)
            .BuildServiceProvider();
        var client = services.GetRequiredService<IKubernetesClient>();
        Assert.Equal("v1.20.2", (await client.GetVersionAsync()).GitVersion);
        Assert.Same(client, services.GetRequiredService<IKubernetesClient>());
    }
}
