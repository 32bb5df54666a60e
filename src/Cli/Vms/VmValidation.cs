namespace Heal.Cli;

/// <summary>A dry run of a creation.</summary>
internal static class VmValidation
{
    /// <returns>Ok only when a creation would be taken.</returns>
    public static async Task<int> RunAsync(
        Session session, string path, string? id, bool showsXml, CancellationToken cancellationToken)
    {
        VmFile definition = await VmFile.ReadAsync(path, id, session.Screen, cancellationToken);
        var request = new ApiRequest(
            HttpMethod.Post, $"{ApiRequest.PathOf("api", "vms", "validate")}?id={Uri.EscapeDataString(definition.Id)}")
        {
            Body = definition.Content,
        };
        Part reply = (await session.Api.SendAsync(request, cancellationToken)).Body;
        session.Show(reply, () => Write(session.Screen, reply, showsXml));
        return reply["valid"].Flag == true ? ExitCodes.Ok : ExitCodes.Failed;
    }

    private static void Write(Screen screen, Part reply, bool showsXml)
    {
        if (reply["valid"].Flag == true)
        {
            string what = reply["exists"].Flag == true ? "it is there already" : "it would be made";
            screen.Line(screen.Paint($"valid: {what}, on host '{reply["host"].Text}'", Colour.Green));
        }
        else
        {
            Part[] faults = [.. reply["faults"].Items, .. reply["objections"].Items];
            string reasons = faults.Length == 1 ? "one reason" : $"{faults.Length} reasons";
            screen.Line(screen.Paint($"not valid, for {reasons}:", Colour.Red));
            foreach (Part fault in faults) screen.Line($"  {Refusals.Fault(fault)}");
        }

        foreach (Part warning in reply["warnings"].Items) screen.Note($"heal: warning: {warning.Text}");
        if (showsXml && reply["xml"].Exists) screen.Line(reply["xml"].Lines);
    }
}
