using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>
/// Real refusals: by the rights of a socket, by polkit when a connection is opened, and by libvirt's access control at a single call, to
/// healers that run under accounts of their own (see eng/libvirt/guarded.sh). Each says what is to be granted, and none of them counts as
/// a fault of the host.
/// </summary>
[Trait("Category", "Libvirt")]
[Collection(nameof(RealHosts))]
public sealed class RealPermissionTests(MachineStore store) : IClassFixture<MachineStore>, IAsyncLifetime
{
    private const string Mark = "<metadata><heal:vm xmlns:heal='urn:heal:vm:1' desired='running' autonomy='act'/></metadata>";
    private const int MayNothing = 64101;
    private const int MayAllButStart = 64102;
    private const int MayAll = 64103;

    private readonly string _name = $"guard-{Guid.NewGuid():n}"[..14];

    [Fact]
    public async Task An_account_that_polkit_knows_nothing_of_is_told_which_right_to_get_and_the_host_is_not_called_down()
    {
        var result = await RunAsync(LibvirtRig.Guarded, MayNothing);

        AssertNotPermitted(result, "org.libvirt.unix.manage");
        Assert.Contains("no polkit agent", result.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_account_that_may_not_use_the_socket_is_told_which_group_has_it()
    {
        var result = await RunAsync(LibvirtRig.Uri, MayNothing);

        AssertNotPermitted(result, "the group 'libvirt'");
    }

    [Fact]
    public async Task A_single_call_that_access_control_refuses_is_a_missing_permission_of_the_action_and_the_guest_stays_off()
    {
        var refused = await RunAsync(LibvirtRig.Guarded, MayAllButStart);
        var off = await StateAsync();
        var granted = await RunAsync(LibvirtRig.Guarded, MayAll);

        AssertNotPermitted(refused, "domain (getattr, read, start, write, save)");
        Assert.Equal("shut off", off);
        Assert.True(granted.Status == ActionStatus.Applied, granted.Detail);
        Assert.Equal("running", await StateAsync());
        await LibvirtRig.SeesOnConsoleAsync(_name, "GUEST-USERSPACE");
    }

    [Fact]
    public async Task Every_right_that_an_action_names_is_one_that_libvirts_access_control_knows()
    {
        var policy = await File.ReadAllTextAsync(
            Path.Combine(Path.GetDirectoryName(LibvirtRig.Guests)!, "host8", "polkit", "actions", "org.libvirt.api.policy"));
        var rights = MachineRecipes.All.SelectMany(recipe => recipe.Descriptor.Permissions)
            // the command that restarts libvirtd is not asked of libvirt
            .Where(rule => rule.Resource != "host")
            .SelectMany(rule => rule.Verbs.Select(verb => $"org.libvirt.api.{rule.Resource}.{verb}"));

        Assert.All(rights.Distinct(), right => Assert.Contains($"<action id=\"{right}\">", policy, StringComparison.Ordinal));
    }

    public async Task InitializeAsync()
    {
        var file = Path.GetTempFileName();
        await LibvirtRig.RunAsync("chmod", "644", file);
        await File.WriteAllTextAsync(file, LibvirtRig.Domain(_name, Guid.NewGuid(), new Guest { Metadata = Mark, TakesCommands = false }));
        await AsOperatorAsync("define", file);
        File.Delete(file);
    }

    public async Task DisposeAsync()
    {
        if (await StateAsync() == "running") await AsOperatorAsync("destroy", _name);
        await AsOperatorAsync("undefine", _name);
        File.Delete(LibvirtRig.ConsoleOf(_name));
    }

    private static void AssertNotPermitted(UnprivilegedResult result, string grant)
    {
        Assert.True(result.Status == ActionStatus.NotPermitted, $"{result.Status}: {result.Detail}");
        Assert.Contains("missing permission", result.Detail, StringComparison.Ordinal);
        Assert.Contains(grant, result.Detail, StringComparison.Ordinal);
        Assert.NotEqual(DetectionVerdict.Faulty, result.Verdict);
        Assert.DoesNotContain(result.Alerts, alert => alert.StartsWith("Libvirtd", StringComparison.Ordinal));
    }

    private Task<UnprivilegedResult> RunAsync(string uri, int account)
    {
        var facts = new MachineFacts(
            new Dictionary<string, string?> { ["Hosts:hv8:Uri"] = uri }, store.ConnectionString,
            // so short that whatever counts as silence would count as down at the second look
            new MachineOptions { Autonomy = Autonomy.Act, HostDownAfter = TimeSpan.FromTicks(1) });
        var key = $"{_name}/{account}";
        return new UnprivilegedHealer(facts, new ActionRequest(
            key, key, "vm_start", new TargetReference("hv8", TargetKinds.VirtualMachine, "", _name),
            ActionParameters.Complete(MachineRecipes.Find("vm_start").Descriptor, new Dictionary<string, string>()), 0, ""))
            .RunAsAsync(account);
    }

    private async Task<string> StateAsync() => await AsOperatorAsync("domstate", _name);

    private static async Task<string> AsOperatorAsync(params string[] arguments)
    {
        var (exit, said) = await LibvirtRig.RunAsync("setpriv",
            [$"--reuid={MayAll}", "--regid=65534", "--clear-groups", "virsh", "-q", "-c", LibvirtRig.Guarded, .. arguments]);
        return exit == 0 ? said : throw new InvalidOperationException($"virsh {string.Join(' ', arguments)}: {said}");
    }
}
