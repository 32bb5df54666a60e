namespace Heal.Cli;

/// <summary>Machines as they are.</summary>
internal static class VmViews
{
    public static async Task<int> ListAsync(Session session, CancellationToken cancellationToken)
    {
        Part list = (await session.Api.GetAsync(ApiRequest.PathOf("api", "vms"), cancellationToken)).Body;
        session.Show(list, () =>
        {
            var table = new Table("ID", "STATE", "HOST", "CPUS", "MEMORY", "DESIRED", "AUTONOMY");
            foreach (Part vm in list["machines"].Items)
            {
                table.Add(
                    ColourOf(vm), vm["id"].Text, vm["state"].Text, vm["host"].Text, vm["vcpus"].Text, $"{vm["memoryMib"].Text} MiB",
                    vm["desired"].Text.ToLowerInvariant(), vm["autonomy"].Text.ToLowerInvariant());
            }

            table.Write(session.Screen, "There are no machines that were made from definitions.");
        });
        foreach ((string host, Part reason) in list["silent"].Members)
        {
            session.Screen.Note($"heal: warning: host '{host}' does not answer, its machines are missing here: {reason.Text}");
        }

        return ExitCodes.Ok;
    }

    public static async Task<int> ShowAsync(Session session, string id, CancellationToken cancellationToken)
    {
        Part view = (await session.Api.GetAsync(
            ApiRequest.PathOf("api", "vms", id), cancellationToken, "'heal vm list' shows what there is.")).Body;
        session.Show(view, () => Write(session.Screen, view));
        return ExitCodes.Ok;
    }

    /// <summary>What a creation or another change came to, when it has ended.</summary>
    public static void Write(Screen screen, Part view)
    {
        Part vm = view["machine"];
        Part work = view["work"];
        Part progress = work["progress"];
        Part outcome = work["outcome"];
        new Facts()
            .Add("id", view["id"])
            .Add("state", vm.Exists ? screen.Paint(vm["state"].Text, ColourOf(vm)) : "there is no machine")
            .Add("reason", vm["reason"])
            .Add("host", vm["host"])
            .Add("name", vm["name"])
            .Add("uuid", vm["uuid"])
            .Add("CPUs", vm["vcpus"])
            .Add("memory", vm.Exists ? $"{vm["memoryMib"].Text} MiB" : "")
            .Add("desired", vm["desired"].Text.ToLowerInvariant())
            .Add("autonomy", vm["autonomy"].Text.ToLowerInvariant())
            .Add("autostart", vm["autostart"])
            .Add("metadata", string.Join(", ", vm["metadata"].Members.Select(label => $"{label.Name}={label.Value.Text}")))
            .Add("last work", work["work"])
            .Add("began", work["createdAt"])
            .Add("step", outcome.Exists ? "" : progress["step"].Text)
            .Add("outcome", outcome["kind"])
            .Add("detail", outcome["detail"])
            .Add("left behind", outcome["leftBehind"].Joined)
            .Add("failure", work["failure"])
            .Add("silent hosts", view["silent"].Joined)
            .Write(screen);
        foreach (Part objection in outcome["objections"].Items) screen.Line($"  {Refusals.Fault(objection)}");
    }

    private static Colour ColourOf(Part vm) => (vm["state"].Text, vm["desired"].Text) switch
    {
        ("running" or "blocked", _) => Colour.Green,
        ("shut-off", "Stopped") => Colour.None,
        ("shut-off" or "crashed", _) => Colour.Red,
        _ => Colour.Yellow,
    };
}
