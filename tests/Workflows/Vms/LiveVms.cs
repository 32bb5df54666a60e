using System.Text;
using Heal.Activities;
using Heal.Drivers.Libvirt;
using Heal.Healing;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Worker;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Heal.Workflows.Tests;

/// <summary>The VM manager as it really runs, but for the hub in memory: engine, activities, the real driver on one libvirt host.</summary>
internal sealed class LiveVms : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    private readonly IHost _host;

    private LiveVms(IHost host) => _host = host;

    public ILibvirtHost Libvirt => _host.Services.GetRequiredService<ILibvirtHosts>().All[0];

    private DurableTaskClient Client => _host.Services.GetRequiredService<DurableTaskClient>();

    public static async Task<LiveVms> StartAsync(string uri, params (string Name, string Value)[] settings)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(
            settings.Append(("Heal:Libvirt:Hosts:kvm-a:Uri", uri)).Select(pair =>
                new KeyValuePair<string, string?>(pair.Item1, pair.Item2)));
        builder.Services.AddLibvirtHosts(builder.Configuration.GetSection("Heal:Libvirt"));
        builder.Services.AddVmManager(builder.Configuration);
        var hub = new Microsoft.DurableTask.InMemory.InMemoryTaskHub(TimeProvider.System);
        builder.Services.AddDurableTaskClient(client => client.UseTaskHub(_ => hub).RegisterDirectly());
        builder.Services.AddDurableTaskWorker(worker => worker.UseTaskHub(_ => hub).AddTasks(tasks => tasks.AddHealerTasks()));
        var host = builder.Build();
        await host.StartAsync();
        return new LiveVms(host);
    }

    public VmBlueprint Blueprint(string id, string json)
    {
        var reading = VmDefinitionReader.Read(Encoding.UTF8.GetBytes(json), id);
        Assert.True(reading.Definition is not null, string.Join("\n", reading.Faults));
        return _host.Services.GetRequiredService<VmManager>().Normalise(reading.Definition).Blueprint;
    }

    public Task BeginAsync(VmBlueprint vm) => ScheduleAsync(VmOrchestrationNames.CreateVm, vm.Id, new VmCreation(vm, []));

    public async Task<VmOutcome> CreateAsync(VmBlueprint vm)
    {
        await BeginAsync(vm);
        return await EndAsync(vm.Id);
    }

    public async Task<VmOutcome> DeleteAsync(string id, bool force = false)
    {
        await ScheduleAsync(VmOrchestrationNames.DeleteVm, id, new VmRemoval(id, force, KeepVolumes: false, GraceSeconds: 30));
        return await EndAsync(id);
    }

    public async Task<VmOutcome> SwitchAsync(string id, VmDesired desired)
    {
        await ScheduleAsync(VmOrchestrationNames.SwitchVm, id, new VmSwitch(id, desired, Force: false, GraceSeconds: 30));
        return await EndAsync(id);
    }

    public async Task<VmOutcome> EndAsync(string id)
    {
        using var limit = new CancellationTokenSource(Patience);
        var done = await Client.WaitForInstanceCompletionAsync(VmIdentity.InstanceId(id), getInputsAndOutputs: true, limit.Token);
        Assert.True(done.RuntimeStatus == OrchestrationRuntimeStatus.Completed, done.FailureDetails?.ToString());
        return done.ReadOutputAs<VmOutcome>()!;
    }

    /// <summary>No domain, and no volume in any pool.</summary>
    public async Task AssertNothingLeftAsync(string id)
    {
        Assert.Null(await Libvirt.Domains.FindAsync(VmIdentity.Uuid(id)));
        foreach (var pool in await Libvirt.Storage.ListPoolsAsync())
        {
            await Libvirt.Storage.RefreshPoolAsync(pool.Name);
            Assert.DoesNotContain(await Libvirt.Storage.ListVolumesAsync(pool.Name), volume => VmIdentity.IsVolumeOf(id, volume.Name));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }

    private Task<string> ScheduleAsync(string orchestration, string id, object input) => Client.ScheduleNewOrchestrationInstanceAsync(
        orchestration, input, new StartOrchestrationOptions(VmIdentity.InstanceId(id)));
}
