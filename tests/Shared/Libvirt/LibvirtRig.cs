using System.Diagnostics;

namespace Heal.Shared.Tests;

/// <summary>The real libvirt hosts of eng/libvirt, for tests of Category=Libvirt: where they are, guests for them, and their failures.
/// Knows nothing of the driver.</summary>
internal static class LibvirtRig
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>The first host; its number for <see cref="FailAsync"/> is 1.</summary>
    public static string Uri => Required("HEAL_TEST_LIBVIRT_URI");

    /// <summary>The second host; its number is 2.</summary>
    public static string Uri2 => Required("HEAL_TEST_LIBVIRT_URI2");

    /// <summary>Kernels and initramfs.</summary>
    public static string Images => Required("HEAL_TEST_LIBVIRT_IMAGES");

    /// <summary>Consoles and command sockets; a folder that all hosts see under the same path.</summary>
    public static string Guests => Required("HEAL_TEST_LIBVIRT_GUESTS");

    /// <summary>A host on which polkit says who may do what: see eng/libvirt/guarded.sh.</summary>
    public static string Guarded => Required("HEAL_TEST_LIBVIRT_GUARDED");

    /// <summary>A URI of the host that is reached as another machine is: see eng/libvirt/remote.sh.</summary>
    /// <param name="way">What comes after <c>HEAL_TEST_LIBVIRT_</c>: TLS, SSH, TLS_UNTRUSTED, TLS_UNKNOWN, SSH_UNTRUSTED.</param>
    public static string Remote(string way) => Required($"HEAL_TEST_LIBVIRT_{way}");

    /// <summary>Where a file of the first host's libvirt is for us: each host has a folder of its own in the place of
    /// /var/lib/libvirt.</summary>
    public static string OnFirstHost(string path) =>
        path.Replace("/var/lib/libvirt", $"{Path.GetDirectoryName(Guests)}/host1/lib", StringComparison.Ordinal);

    /// <summary>What makes failures: see <see cref="FailAsync"/>.</summary>
    public static string FailScript => $"{Required("HEAL_TEST_LIBVIRT_SCRIPTS")}/fail.sh";

    /// <summary>A guest that boots to userspace in about 4 s and says so on its console.</summary>
    public static string Domain(string name, Guid uuid, Guest? guest = null)
    {
        guest ??= new Guest();
        return $"""
            <domain type='qemu'>
              <name>{name}</name>
              <uuid>{uuid}</uuid>
              {guest.Metadata}
              <memory unit='MiB'>{2 * guest.MemoryMib}</memory>
              <currentMemory unit='MiB'>{guest.MemoryMib}</currentMemory>
              <vcpu current='1'>2</vcpu>
              <os>
                <type arch='x86_64' machine='q35'>hvm</type>
                <kernel>{guest.KernelFile ?? $"{Images}/vmlinuz-{guest.Kernel}"}</kernel>
                <initrd>{Images}/initrd-{guest.Kernel}.gz</initrd>
                <cmdline>console=ttyS0 mitigations=off no_timer_check {guest.Parameters}</cmdline>
              </os>
              <features><acpi/><apic/><tcg><tb-cache unit='MiB'>32</tb-cache></tcg></features>
              <on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot><on_crash>{guest.OnCrash}</on_crash>
              <devices>
                <emulator>/usr/bin/qemu-system-x86_64</emulator>
                {(guest.Disk is null ? "" : $"""
                <disk type='file' device='disk'>
                  <driver name='qemu' type='qcow2' error_policy='{guest.ErrorPolicy}'/>
                  <source file='{guest.Disk}'/><target dev='vda' bus='virtio'/>
                </disk>
                """)}
                <serial type='file'><source path='{ConsoleOf(name)}' append='on'/><target port='0'/></serial>
                {(guest.TakesCommands ? CommandPort(name) : "")}
                <memballoon model='virtio'><stats period='2'/></memballoon>
                {(guest.Watchdog is null ? "" : $"<watchdog model='i6300esb' action='{guest.Watchdog}'/>")}
                <panic model='isa'/>
                {guest.Devices}
              </devices>
            </domain>
            """;
    }

    public static string ConsoleOf(string name) => $"{Guests}/{name}.console";

    /// <summary>Waits for words on the guest's console; fails after a minute with what is there. Everything since the guest was made
    /// counts, over restarts too.</summary>
    /// <param name="times">How often they must be there: 2 after a restart.</param>
    public static async Task SeesOnConsoleAsync(string name, string words, int times = 1)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            var text = await ConsoleAsync(name);
            if (Count(text, words) >= times)
                return;
            if (patience.IsCancellationRequested)
            {
                var end = text[^Math.Min(text.Length, 2000)..];
                throw new TimeoutException($"expected '{words}' {times} times on the console of {name}, got:\n{end}");
            }

            // a file of another process has no signal to wait for
            await Task.Delay(50);
        }
    }

    /// <summary>How often words are on the guest's console by now.</summary>
    public static async Task<int> CountOnConsoleAsync(string name, string words) => Count(await ConsoleAsync(name), words);

    /// <summary>What libvirt's own shell says of a host.</summary>
    public static async Task<string> VirshAsync(string uri, params string[] arguments)
    {
        var (exit, said) = await RunAsync("virsh", ["-q", "-c", uri, .. arguments]);
        return exit == 0 ? said : throw new InvalidOperationException($"virsh {string.Join(' ', arguments)}: {said}");
    }

    /// <summary>Runs a program; fails after a minute.</summary>
    /// <returns>Its exit code, and what it said on both its outputs.</returns>
    public static async Task<(int Exit, string Said)> RunAsync(string program, params IEnumerable<string> arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardError = true, RedirectStandardOutput = true, UseShellExecute = false,
        })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        using var patience = new CancellationTokenSource(Patience);
        await process.WaitForExitAsync(patience.Token);
        return (process.ExitCode, $"{await output}{await errors}".Trim());
    }

    /// <summary>A command for the guest's init: see eng/libvirt/guest/init.</summary>
    public static Task TellAsync(string name, string command) => FailAsync("tell", 1, name, command);

    /// <summary>A real failure: see eng/libvirt/fail.sh.</summary>
    public static async Task FailAsync(string verb, int host, params string[] arguments)
    {
        var number = host.ToString(System.Globalization.CultureInfo.InvariantCulture);
        var (exit, said) = await RunAsync(FailScript, [verb, number, .. arguments]);
        if (exit != 0)
            throw new InvalidOperationException($"fail.sh {verb} {host} {string.Join(' ', arguments)}: {said}");
    }

    private static string CommandPort(string name) =>
        $"<serial type='unix'><source mode='bind' path='{Guests}/{name}.cmd'/><target port='1'/></serial>";

    private static int Count(string text, string words) => text.Split(words).Length - 1;

    private static async Task<string> ConsoleAsync(string name)
    {
        var file = ConsoleOf(name);
        if (!File.Exists(file))
            return "";
        await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync();
    }

    private static string Required(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value
        ? value
        : throw new InvalidOperationException(
            $"{name} is not set: this test needs real libvirt hosts. Run ./test.sh --libvirt, "
            + "or eng/libvirt/up.sh 2 (remote.sh, guarded.sh for further ones) and source the env it writes.");
}

/// <summary>What a guest of <see cref="LibvirtRig"/> has.</summary>
internal sealed record Guest
{
    /// <summary><c>cloud</c> boots faster; <c>full</c> has the watchdog's driver.</summary>
    public string Kernel { get; init; } = "cloud";

    /// <summary>Another kernel file, as one that is not there.</summary>
    public string? KernelFile { get; init; }

    /// <summary>Kernel parameters: see eng/libvirt/guest/init.</summary>
    public string Parameters { get; init; } = "";

    public string OnCrash { get; init; } = "destroy";

    /// <summary>Action of the i6300esb; null for none.</summary>
    public string? Watchdog { get; init; }

    /// <summary>A qcow2 image; null for none.</summary>
    public string? Disk { get; init; }

    public string ErrorPolicy { get; init; } = "stop";

    public int MemoryMib { get; init; } = 128;

    /// <summary>The second serial port; a guest that moves between hosts of one machine cannot have it.</summary>
    public bool TakesCommands { get; init; } = true;

    /// <summary>The whole element.</summary>
    public string Metadata { get; init; } = "";

    /// <summary>Further devices.</summary>
    public string Devices { get; init; } = "";
}
