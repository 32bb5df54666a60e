using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>Witnesses that switch a host's power, and the desk that asks them in turn.</summary>
public sealed class WitnessTests
{
    private static readonly FencingOrder Order = new(
        "hv1", "00000000-0000-0000-0000-000000000001", "web", ["/shared/web"], DateTimeOffset.UnixEpoch);

    private readonly MachineOptions _options = new();

    [Fact]
    public async Task A_host_is_switched_off_by_ipmi_once_and_found_off_after_that()
    {
        await using var controller = new IpmiSimulator();
        await controller.StartAsync();
        var witness = Ipmi(controller.Controller);
        var began = DateTimeOffset.UtcNow;

        var first = await witness.FenceAsync(Order, CancellationToken.None);
        var second = await witness.FenceAsync(Order, CancellationToken.None);

        Assert.Equal("0", controller.Power);
        Assert.Equal(("its host was switched off", "its host was found off"), (first.Observed, second.Observed));
        Assert.True(first.At >= began && first.At <= second.At);
    }

    [Fact]
    public async Task A_controller_that_refuses_the_password_proves_nothing_and_the_password_is_not_shown()
    {
        await using var controller = new IpmiSimulator();
        await controller.StartAsync();

        var refused = await Assert.ThrowsAsync<FencingException>(
            () => Ipmi(controller.WithPassword("something-else")).FenceAsync(Order, CancellationToken.None));

        Assert.Contains("ipmitool ended with 1", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("something-else", refused.Message, StringComparison.Ordinal);
        Assert.Equal("1", controller.Power);
    }

    [Fact]
    public async Task The_password_of_ipmi_is_in_no_argument()
    {
        var commands = new Recorded((0, "Chassis Power is off"));
        var witness = new IpmiWitness(commands, new FixedSettings(_options), TimeProvider.System);
        _options.Fencing.Hosts["hv1"] = new HostFencingOptions
        {
            Ipmi = new IpmiOptions { Address = "bmc-7", User = "heal", PasswordFile = "/etc/heal/bmc" },
        };

        await witness.FenceAsync(Order, CancellationToken.None);

        Assert.Equal(
            "ipmitool -I lanplus -H bmc-7 -p 623 -U heal -f /etc/heal/bmc chassis power status",
            string.Join(' ', Assert.Single(commands.Run)));
    }

    [Theory]
    [InlineData(0, "Chassis Power is unknown", "expected the power's state")]
    [InlineData(0, "", "expected the power's state")]
    [InlineData(1, "Chassis Power is off", "ended with 1")]
    public async Task What_ipmitool_says_otherwise_is_no_proof(int exit, string said, string reason)
    {
        var witness = new IpmiWitness(new Recorded((exit, said)), new FixedSettings(_options), TimeProvider.System);
        _options.Fencing.Hosts["hv1"] = new HostFencingOptions { Ipmi = new IpmiOptions { Address = "bmc-7" } };

        var refused = await Assert.ThrowsAsync<FencingException>(() => witness.FenceAsync(Order, CancellationToken.None));

        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_is_switched_off_by_redfish_once_and_found_off_after_that()
    {
        await using var controller = new RedfishController();
        await controller.StartAsync();
        controller.Add("hv1");
        using var http = new HttpClient();
        var witness = new RedfishWitness(http, new FixedSettings(_options), TimeProvider.System);
        _options.Fencing.Hosts["hv1"] = new HostFencingOptions { Redfish = controller.Controller("hv1") };

        var first = await witness.FenceAsync(Order, CancellationToken.None);
        var second = await witness.FenceAsync(Order, CancellationToken.None);

        Assert.Equal(("Off", 1), (controller.State("hv1"), controller.Switched("hv1")));
        Assert.Equal(("its host was switched off", "its host was found off"), (first.Observed, second.Observed));
    }

    [Fact]
    public async Task A_redfish_controller_that_does_not_know_the_system_proves_nothing()
    {
        await using var controller = new RedfishController();
        await controller.StartAsync();
        controller.Add("hv1");
        using var http = new HttpClient();
        var witness = new RedfishWitness(http, new FixedSettings(_options), TimeProvider.System);
        _options.Fencing.Hosts["hv1"] = new HostFencingOptions
        {
            Redfish = new FencingController { System = new Uri(controller.Controller("hv1").System!, "hv2") },
        };

        var refused = await Assert.ThrowsAsync<FencingException>(() => witness.FenceAsync(Order, CancellationToken.None));

        Assert.Contains("404", refused.Message, StringComparison.Ordinal);
        Assert.Equal("On", controller.State("hv1"));
    }

    [Theory]
    [InlineData("", "", true, "hypervisor locks")]
    [InlineData("hypervisor", "", true, "hypervisor locks power")]
    [InlineData("locks", "", true, "hypervisor locks power")]
    [InlineData("hypervisor power", "", false, "hypervisor locks power locks")]
    [InlineData("hypervisor", "hv9", true, "hypervisor locks power")]
    [InlineData("locks once", "hv9", true, "hypervisor locks power locks")]
    [InlineData("locks", "hv9", false, "hypervisor locks power locks")]
    public async Task The_host_is_switched_off_only_when_the_gentler_witnesses_cannot_prove_it(
        string failing, string silent, bool isProven, string asked)
    {
        var (log, witnesses) = (new List<string>(), new List<IFencingWitness>());
        Add("power", WitnessKind.Power);
        Add("hypervisor", WitnessKind.Hypervisor);
        Add("locks", WitnessKind.DiskLocks);

        _options.Fencing.Key = Convert.ToBase64String(new byte[32]);
        _options.Fencing.Hosts["hv1"] = new HostFencingOptions();
        var settings = new FixedSettings(_options);
        var desk = new FencingDesk(
            witnesses, new DiskLockWitness(new FakeImageLocks(), settings, TimeProvider.System), settings, TimeProvider.System);
        string[] others = [.. silent.Split(' ', StringSplitOptions.RemoveEmptyEntries)];

        var (_, verdict) = await desk.FenceAsync(Order, null, others, CancellationToken.None);

        Assert.Equal(isProven, verdict.IsProven);
        Assert.Equal(asked, string.Join(' ', log));

        void Add(string name, WitnessKind kind)
        {
            var times = failing.Contains($"{name} once", StringComparison.Ordinal) ? 1
                : failing.Contains(name, StringComparison.Ordinal) ? 9 : 0;
            witnesses.Add(new Told(name, kind, times, log));
        }
    }

    [Fact]
    public async Task A_witness_that_does_not_answer_in_time_is_passed_over()
    {
        _options.Fencing.Key = Convert.ToBase64String(new byte[32]);
        _options.Fencing.WitnessTimeout = TimeSpan.FromMilliseconds(20);
        _options.Fencing.Hosts["hv1"] = new HostFencingOptions();
        var settings = new FixedSettings(_options);
        var desk = new FencingDesk(
            [new Silent()], new DiskLockWitness(new FakeImageLocks(), settings, TimeProvider.System), settings, TimeProvider.System);

        var (proofs, verdict) = await desk.FenceAsync(Order, null, [], CancellationToken.None);

        Assert.Empty(proofs);
        Assert.Contains("did not answer", verdict.Reasons[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Wrong_settings_end_the_start_all_of_them_named_and_the_key_is_not_shown()
    {
        const string Key = "dG9vLXNob3J0LWEta2V5";
        _options.Fencing.Key = Key;
        _options.Fencing.Lifetime = TimeSpan.FromHours(1);
        _options.Fencing.WitnessTimeout = TimeSpan.FromSeconds(1);
        _options.Fencing.SharedStorage.Add(new SharedStorageOptions { Path = "relative", Here = "/a/../b" });
        _options.Fencing.Hosts["none"] = new HostFencingOptions();
        _options.Fencing.Hosts["all"] = new HostFencingOptions
        {
            HypervisorUri = "not a uri", Redfish = new FencingController { System = new Uri("http://bmc-7/redfish/v1/Systems/1") },
            Ipmi = new IpmiOptions { Address = "-o x", Port = 0, User = "-u", PasswordFile = "relative", CipherSuite = -1 },
        };

        var faults = new MachineOptionsValidator().Validate(null, _options).Failures!.ToList();

        string[] expected =
        [
            "Key", "Lifetime", "WitnessTimeout", "SharedStorage:Path", "SharedStorage:Here", "Hosts:none", "Hosts:all:HypervisorUri",
            "Hosts:all:Ipmi:Address", "Hosts:all:Ipmi:Port", "Hosts:all:Ipmi:User", "Hosts:all:Ipmi:CipherSuite",
            "Hosts:all:Ipmi:PasswordFile", "Hosts:all:Redfish:System",
        ];
        Assert.Equal(expected, faults.Select(fault => fault.Split(": expected")[0]["Heal:Machines:Fencing:".Length..]));
        Assert.DoesNotContain(faults, fault => fault.Contains(Key, StringComparison.Ordinal));
        Assert.True(new MachineOptionsValidator().Validate(null, new MachineOptions()).Succeeded);
    }

    private IpmiWitness Ipmi(IpmiOptions controller)
    {
        _options.Fencing.Hosts["hv1"] = new HostFencingOptions { Ipmi = controller };
        return new IpmiWitness(new LocalCommands(TimeProvider.System), new FixedSettings(_options), TimeProvider.System);
    }

    private sealed class Told(string name, WitnessKind kind, int fails, List<string> log) : IFencingWitness
    {
        private int _asked;

        public string Name => name;

        public WitnessKind Kind => kind;

        public bool Knows(string host) => true;

        public Task<Testimony> FenceAsync(FencingOrder order, CancellationToken cancellationToken)
        {
            log.Add(name);
            return _asked++ < fails ? throw new FencingException(name, "told to fail")
                : Task.FromResult(new Testimony(null, "dead", DateTimeOffset.UtcNow));
        }
    }

    private sealed class Silent : IFencingWitness
    {
        public string Name => "silent";

        public WitnessKind Kind => WitnessKind.Power;

        public bool Knows(string host) => true;

        public async Task<Testimony> FenceAsync(FencingOrder order, CancellationToken cancellationToken)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
            throw new InvalidOperationException("it was to be silent");
        }
    }

    private sealed class Recorded((int ExitCode, string Said) answer) : IHostCommands
    {
        public List<IReadOnlyList<string>> Run { get; } = [];

        public Task<(int ExitCode, string Said)> RunAsync(
            IReadOnlyList<string> command, TimeSpan limit, CancellationToken cancellationToken)
        {
            Run.Add(command);
            return Task.FromResult(answer);
        }
    }
}
