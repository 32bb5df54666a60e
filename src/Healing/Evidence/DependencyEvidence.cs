namespace Heal.Healing;

/// <summary>A Service of the namespace that the target's pods name, and that has no ready backend.</summary>
/// <param name="NotReady">Its backends that are not ready.</param>
/// <param name="NamedBy">Where its name stands, for example <c>variable DATABASE_URL of container 'app'</c>.</param>
/// <param name="Complained">A log says that it was not reached; else the pods only refer to it.</param>
public sealed record DependencyEvidence(string Id, string Service, int NotReady, string NamedBy, bool Complained);
