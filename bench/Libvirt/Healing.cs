using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Heal.Shared.Tests;

namespace Heal.Bench.Libvirt;

/// <summary>The whole app beside real guests: what an inventory of them takes, what watching them costs, and how long a guest whose
/// emulator was killed is away.</summary>
internal static partial class Healing
{
    private const string Mark = "<metadata><heal:vm xmlns:heal='urn:heal:vm:1' desired='running' autonomy='act'/></metadata>";
    private const string Up = "GUEST-USERSPACE";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    public static async Task RunAsync(int guests, int rounds, TimeSpan idle, TimeSpan settle)
    {
        await using var database = await AppDatabase.CreateAsync();
        var state = Directory.CreateTempSubdirectory("heal-bench-").FullName;
        await using var app = new HealProcess(new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["HEAL_POSTGRES"] = database.ConnectionString,
            ["HEAL_STATE"] = state,
            ["AzureWebJobsStorage"] = TestServices.Required(TestServices.Azurite),
            ["Heal__Kubernetes__Target"] = "none",
            ["Heal__Libvirt__Hosts__hv1__Uri"] = LibvirtRig.Uri,
            ["Heal__WorkflowsFolder"] = "workflows",
            // a guest that crashes again and again is what is measured here
            ["Heal__Limits__IneffectiveCycles"] = "100",
            ["Heal__Limits__RecentlyRemediated"] = "00:00:00",
            ["Logging__LogLevel__Default"] = "Information",
        });
        var names = new List<string>();
        try
        {
            for (var i = 0; i < guests; i++)
                names.Add(await BootAsync(state, $"bench-{Guid.NewGuid():n}"[..14]));
            Console.WriteLine($"{guests} real guests on one host; milliseconds");
            await Figures.PrintInventoryAsync(LibvirtRig.Uri);
            await app.StartAsync();
            await UntilAsync(() => app.LogLines.Any(line => line.Contains("hv1 answers", StringComparison.Ordinal)));
            await PrintIdleAsync(app, "idle CPU, just begun", idle);
            // by then what runs often has been compiled for good
            await Task.Delay(settle, TimeProvider.System, CancellationToken.None);
            await PrintIdleAsync(app, "idle CPU, settled", idle);
            var away = new List<double>();
            for (var round = 0; round < rounds; round++)
            {
                foreach (var name in names)
                    away.Add(await CrashAsync(name));
            }

            // the last signal is stored before the guest is back, but its line may come late
            await UntilAsync(() => Told(app).Count >= away.Count);
            Figures.Print("event to signal", Told(app));
            Figures.Print("crash to userspace", away);
        }
        finally
        {
            foreach (var name in names)
            {
                await LibvirtRig.RunAsync("virsh", "-q", "-c", LibvirtRig.Uri, "undefine", name);
                await LibvirtRig.RunAsync("virsh", "-q", "-c", LibvirtRig.Uri, "destroy", name);
                File.Delete(LibvirtRig.ConsoleOf(name));
            }

            Directory.Delete(state, recursive: true);
        }
    }

    private static async Task<string> BootAsync(string folder, string name)
    {
        var file = Path.Combine(folder, "domain.xml");
        await File.WriteAllTextAsync(file, LibvirtRig.Domain(name, Guid.NewGuid(), new Guest { Metadata = Mark }));
        await LibvirtRig.VirshAsync(LibvirtRig.Uri, "define", file);
        await LibvirtRig.VirshAsync(LibvirtRig.Uri, "start", name);
        await LibvirtRig.SeesOnConsoleAsync(name, Up);
        return name;
    }

    /// <returns>Milliseconds from before its emulator was killed until its userspace is up again.</returns>
    private static async Task<double> CrashAsync(string name)
    {
        var boots = await LibvirtRig.CountOnConsoleAsync(name, Up);
        var began = Stopwatch.GetTimestamp();
        await LibvirtRig.FailAsync("kill-qemu", 1, name);
        await LibvirtRig.SeesOnConsoleAsync(name, Up, boots + 1);
        return Stopwatch.GetElapsedTime(began).TotalMilliseconds;
    }

    private static async Task PrintIdleAsync(HealProcess app, string what, TimeSpan idle)
    {
        using var process = Process.GetProcesses().First(item => CommandOf(item.Id).Contains(app.Url.ToString(), StringComparison.Ordinal));
        var (cpu, began) = (process.TotalProcessorTime, Stopwatch.GetTimestamp());
        await Task.Delay(idle, TimeProvider.System, CancellationToken.None);
        process.Refresh();
        var share = (process.TotalProcessorTime - cpu) / Stopwatch.GetElapsedTime(began);
        var memory = process.WorkingSet64 >> 20;
        Console.WriteLine(
            $"{what,-20} {share,8:P2} of one processor over {idle.TotalSeconds:0} s; {memory} MiB, {process.Threads.Count} threads");
    }

    // a process may end while it is looked at
    private static string CommandOf(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/cmdline");
        }
        catch (IOException)
        {
            return "";
        }
    }

    /// <summary>From libvirt's event to the stored signal, as the app says it, of all crashes so far.</summary>
    private static List<double> Told(HealProcess app) =>
        [
            .. app.LogLines.Select(line => Told().Match(line)).Where(match => match.Success)
                .Select(match => double.Parse(match.Groups["ms"].ValueSpan, CultureInfo.InvariantCulture)),
        ];

    private static async Task UntilAsync(Func<bool> holds)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (!holds())
            await Task.Delay(Poll, TimeProvider.System, limit.Token);
    }

    [GeneratedRegex(@"Detector GuestKilled, Firing: .* (?<ms>\d+) ms after it began\)", RegexOptions.ExplicitCapture, 1_000)]
    private static partial Regex Told();
}
