// Usage: Heal.Bench.Libvirt figures [--domains N] [--seconds N]         on test:///default: inventory, events, idle CPU
//        Heal.Bench.Libvirt heal [--guests N] [--rounds N] [--seconds N] [--settle N]
//                                                                       the whole app beside real guests that are killed; needs the
//                                                                       environment of eng/libvirt/up.sh and of eng/services.sh
//        Heal.Bench.Libvirt soak --uri URI [--minutes N]                one line a minute; eng/libvirt/soak.sh restarts libvirtd meanwhile
using System.Globalization;
using Heal.Bench.Libvirt;

var options = new Dictionary<string, string>(StringComparer.Ordinal);
for (var i = 1; i + 1 < args.Length; i += 2)
    options[args[i]] = args[i + 1];
switch (args.FirstOrDefault())
{
    case "figures":
        await Figures.RunAsync(Number("--domains", 200), TimeSpan.FromSeconds(Number("--seconds", 30)));
        return 0;
    case "heal":
        await Healing.RunAsync(
            Number("--guests", 8), Number("--rounds", 2), TimeSpan.FromSeconds(Number("--seconds", 60)),
            TimeSpan.FromSeconds(Number("--settle", 120)));
        return 0;
    case "soak" when options.ContainsKey("--uri"):
        await Soak.RunAsync(options["--uri"], TimeSpan.FromMinutes(Number("--minutes", 30)));
        return 0;
    default:
        Console.Error.WriteLine(
            "Usage: figures [--domains N] [--seconds N] | heal [--guests N] [--rounds N] [--seconds N] [--settle N] "
            + "| soak --uri URI [--minutes N]");
        return 2;
}

int Number(string name, int otherwise) =>
    options.TryGetValue(name, out var text) ? int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture) : otherwise;
