using System.Text;
using Heal.Activities;
using Heal.Drivers.Libvirt;
using Heal.Healing;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Heal.Workflows.Tests;

/// <summary>
/// The orchestrations of machines with their real activities on hosts in memory. As the engine does, an activity that was killed or did not
/// reach its host is run again; its result goes through JSON.
/// </summary>
internal sealed class VmSaga
{
    public const string Pool = "default";
    private const int Attempts = 5;
    private readonly ScriptedContext _context = new("vm-web-1");

    public VmSaga(HookedHost.Plan? plan = null, bool twice = false, params FakeLibvirtHost[] more)
    {
        Host.Pools.Add(Pool, 100L << 30);
        Host.Pools.Add("images");
        Host.Pools.AddVolume("images", "debian.qcow2", 1L << 30, 3L << 30);
        Host.Nets.Add("default", active: false);
        Host.Guests.Add("neighbour");
        Plan = plan ?? new HookedHost.Plan(null);
        Twice = twice;
        var hosts = new FakeLibvirtHosts([HookedHost.Around(Host, Plan), .. more]);
        Hosts = hosts;
        Register(hosts);
    }

    private VmSaga(FakeLibvirtHost host, HookedHost.Plan plan)
    {
        (Host, Plan) = (host, plan);
        Hosts = new FakeLibvirtHosts(HookedHost.Around(host, plan));
        Register(Hosts);
    }

    public FakeLibvirtHost Host { get; } = new("kvm-a");

    public FakeLibvirtHosts Hosts { get; }

    public HookedHost.Plan Plan { get; }

    /// <summary>Every activity is run twice, as when its process died after it was done and before that was written down.</summary>
    public bool Twice { get; }

    public IReadOnlyList<string> Calls => _context.Calls;

    public IReadOnlyList<object?> Statuses => _context.Statuses;

    public DateTime Now => _context.CurrentUtcDateTime;

    public const string Web = """
        {
          "vcpus": 2, "memory": "2GiB", "autostart": true, "autonomy": "act", "cloudInit": {}, "metadata": { "team": "shop" },
          "disks": [{ "pool": "default", "backing": { "pool": "images", "volume": "debian.qcow2" } },
            { "pool": "default", "size": "1GiB" }],
          "interfaces": [{ "network": "default" }]
        }
        """;

    public static VmBlueprint Blueprint(string json = Web, string id = "web-1")
    {
        var reading = VmDefinitionReader.Read(Encoding.UTF8.GetBytes(json), id);
        Assert.True(reading.Definition is not null, string.Join("\n", reading.Faults));
        return VmNormaliser.Normalise(reading.Definition, OsCatalogue.Empty).Blueprint;
    }

    public Task<VmOutcome> CreateAsync(VmBlueprint? vm = null) =>
        new CreateVmOrchestrator().RunAsync(_context, new VmCreation(vm ?? Blueprint(), []));

    public Task<VmOutcome> DeleteAsync(bool force = false, bool keep = false) =>
        new DeleteVmOrchestrator().RunAsync(_context, new VmRemoval("web-1", force, keep, GraceSeconds: 60));

    public Task<VmOutcome> SwitchAsync(VmDesired desired, bool force = false) =>
        new SwitchVmOrchestrator().RunAsync(_context, new VmSwitch("web-1", desired, force, GraceSeconds: 60));

    /// <summary>Another orchestration on the same host.</summary>
    public VmSaga Hooked(HookedHost.Plan plan) => new(Host, plan);

    /// <summary>Something happens while the orchestration waits.</summary>
    public void OnTimer(Action what) => _context.OnTimer = what;

    public VmMark Mark() => VmMark.Parse(Host.Guests["web-1"].Definition.Element("metadata")!.Elements()
        .Single(element => element.Name.NamespaceName == VmMark.Namespace).ToString())!;

    /// <summary>The host is as it was before anybody came.</summary>
    public void AssertUntouched()
    {
        Assert.False(Host.Guests.Has("web-1"));
        Assert.Empty(Host.Pools[Pool].Files);
        Assert.Equal("debian.qcow2", Assert.Single(Host.Pools["images"].Files.Keys));
        Assert.True(Host.Guests["neighbour"].Runs);
        Assert.False(Assert.Single(Host.Nets.ListAsync().GetAwaiter().GetResult()).IsActive);
    }

    /// <summary>The machine is there as defined, once.</summary>
    public void AssertMade()
    {
        var guest = Host.Guests["web-1"];
        Assert.Equal(DomainState.Running, guest.State);
        Assert.Equal(1, guest.Boot);
        Assert.True(guest.Autostart);
        Assert.Equal(3, Host.Pools[Pool].Files.Count);
        Assert.Equal((VmDesired.Running, Autonomy.Act, "shop"), (Mark().Desired, Mark().Autonomy, Mark().Labels["team"]));
        Assert.Equal(FatImageBytes, Host.Pools[Pool].Content.Single().Value.Length);
    }

    private const int FatImageBytes = 1 << 20;

    private void Register(FakeLibvirtHosts hosts)
    {
        var options = Options.Create(new VmManagerOptions { OsinfoFolder = "/nowhere" });
        var managed = new ManagedHosts(hosts);
        var manager = new VmManager(
            hosts, new HostFactsReader(hosts, TimeProvider.System, null), new OsinfoFiles(options, NullLogger<OsinfoFiles>.Instance),
            options);
        On(VmActivityNames.CheckVm, new CheckVmActivity(manager, managed));
        On(VmActivityNames.MakeVmVolume, new MakeVmVolumeActivity(managed));
        On(VmActivityNames.FillVmSeed, new FillVmSeedActivity(managed));
        On(VmActivityNames.StartVmNetwork, new StartVmNetworkActivity(managed));
        On(VmActivityNames.StopVmNetwork, new StopVmNetworkActivity(managed));
        On(VmActivityNames.DefineVm, new DefineVmActivity(managed));
        On(VmActivityNames.StartVm, new StartVmActivity(managed, null));
        On(VmActivityNames.LookAtVm, new LookAtVmActivity(managed));
        On(VmActivityNames.WriteVmWish, new WriteVmWishActivity(managed));
        On(VmActivityNames.FindVm, new FindVmActivity(managed));
        On(VmActivityNames.AskVmShutdown, new AskVmShutdownActivity(managed));
        On(VmActivityNames.DestroyVm, new DestroyVmActivity(managed));
        On(VmActivityNames.RemoveVmDomain, new RemoveVmDomainActivity(managed));
        On(VmActivityNames.RemoveVmVolumes, new RemoveVmVolumesActivity(managed));
    }

    private void On<TIn, TOut>(string name, TaskActivity<TIn, TOut> activity)
    {
        _context.On<TIn, TOut>(name, input =>
        {
            if (Twice) Run(activity, input);
            return Run(activity, input);
        });
    }

    private static TOut Run<TIn, TOut>(TaskActivity<TIn, TOut> activity, TIn input)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return activity.RunAsync(null!, input).GetAwaiter().GetResult();
            }
            catch (Exception e) when ((e is KilledException || (e is LibvirtException refusal && ManagedHosts.MayPass(refusal)))
                && attempt < Attempts)
            {
                // the engine's next attempt
            }
            catch (LibvirtException e)
            {
                throw new IOException(e.Message, e); // what the scripted context takes for the end of all retries
            }
        }
    }
}
