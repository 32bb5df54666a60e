using DurableTask.Core.History;
using DurableTask.Core.Hub;

namespace Heal.Shared.Tests.Programs.Checks;

/// <summary>What a hub holds of an instance when all has come to its end.</summary>
/// <param name="History">That of its last execution.</param>
internal sealed record EndedInstance(InstanceState State, IReadOnlyList<HistoryEvent> History, int Messages, int Activities);
