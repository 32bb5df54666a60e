using System.Globalization;
using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// Has cert-manager issue a certificate anew that is not ready or ends soon. The Certificate's specification stays as it is, so it may
/// belong to anybody; the old certificate cannot come back.
/// </summary>
internal sealed class RenewCertificate : IRecipe
{
    public ActionDescriptor Descriptor { get; } = new(
        "renew_certificate",
        RiskClass.R2,
        [Causes.CertificateNotRenewed],
        [TargetKinds.Certificate],
        [new ActionParameter("within", ParameterKind.Duration, "504h", "1h", "720h",
            "A certificate that is ready is renewed when it ends within this time.")],
        "The cluster serves cert-manager's Certificate, this one is not ready or ends within the time, its issuer exists and is ready, and "
            + "it is not being issued already.",
        "It is ready, with a higher revision that ends later than the one before.",
        null,
        [
            new("cert-manager.io", "certificates", ["get"]), new("cert-manager.io", "certificates/status", ["patch"]),
            new("cert-manager.io", "issuers", ["get"]), new("cert-manager.io", "clusterissuers", ["get"]),
        ])
    {
        ForOwned = true,
        Summary = "Has a certificate issued anew by cert-manager.",
        EffectWithin = TimeSpan.FromMinutes(10),
    };

    public string? Refusal(EvidenceBundle evidence, IReadOnlyDictionary<string, string> parameters) => null;

    public async Task<Proposal> ProposeAsync(ActionTools tools, ActionRequest request, CancellationToken cancellationToken)
    {
        var target = request.Target;
        if (await tools.Client.DiscoverAsync(Kinds.Certificate, cancellationToken) is null)
        {
            return Proposal.Refuse("the cluster does not serve Certificate of cert-manager.io");
        }

        var live = await tools.ReadAsync(target, cancellationToken);
        if (live is null) return Proposal.Gone(target);
        if (live.IsDeleting()) return Proposal.Refuse("it is being deleted");
        if (live.HasCondition(RenewalEffect.Issuing)) return Proposal.Refuse("it is being issued already");
        var ends = EndOf(live);
        if (live.HasCondition("Ready") && ends is { } end && end - tools.Time.GetUtcNow() > request.Parameters.Span("within"))
        {
            return Proposal.Refuse($"it is ready and ends at {end:u}");
        }

        var reference = live.At("spec", "issuerRef");
        if ((reference.Text("group") ?? Kinds.Certificate.Group) != Kinds.Certificate.Group)
        {
            return Proposal.Refuse(
                $"its issuer is of group '{SafeText.Line(reference.Text("group"), 100)}': whether that works is not known");
        }

        var kind = new ResourceKind(Kinds.Certificate.Group, reference.Text("kind") ?? "Issuer");
        if (kind.Kind is not ("Issuer" or "ClusterIssuer")) return Proposal.Refuse($"its issuer is a {SafeText.Line(kind.Kind, 100)}");
        var address = ObjectAddress.Of(
            kind, kind.Kind == "Issuer" ? target.Namespace : null, reference.Text("name") ?? "none");
        var issuer = await tools.ReadAsync(address, cancellationToken);
        if (issuer is null) return Proposal.Refuse($"{address} does not exist");
        if (!issuer.HasCondition("Ready"))
        {
            var why = SafeText.Line(Scrubber.Scrub(issuer.Condition("Ready").Text("message") ?? ""), EvidenceLimits.MessageLength);
            return Proposal.Refuse($"{address} is not ready{(why.Length > 0 ? $": {why}" : "")}");
        }

        var revision = live.Whole("status", "revision") ?? 0;
        return Proposal.Act($"has {target} issued anew", new RenewalEffect(ActionTools.AddressOf(target), live.Uid(), revision))
            .With("revision", revision).With("notAfter", live.Text("status", "notAfter"));
    }

    public async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken)
    {
        var live = await tools.ReadAsync(target, cancellationToken);
        if (live is null) return EffectCheck.NotYet($"{target} is gone");
        if ((live.Whole("status", "revision") ?? 0) <= (image.Facts.Whole("revision") ?? 0))
        {
            var why = live.Condition(RenewalEffect.Issuing) ?? live.Condition("Ready");
            return EffectCheck.NotYet($"it is not issued yet ({SafeText.Line(why.Text("reason") ?? "no reason given", 100)})");
        }

        if (!live.HasCondition("Ready")) return EffectCheck.NotYet("it is issued, but not ready");
        var (before, now) = (image.Facts.Text("notAfter"), EndOf(live));
        return before is null || now > Parse(before)
            ? EffectCheck.Yes($"it is ready and ends at {now:u}")
            : EffectCheck.NotYet($"it was issued, but ends at {now:u}, no later than before");
    }

    private static DateTimeOffset? EndOf(JsonObject live) => live.Text("status", "notAfter") is { } text ? Parse(text) : null;

    private static DateTimeOffset? Parse(string text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;
}
