using System.Diagnostics.CodeAnalysis;
using Microsoft.DurableTask.Entities;

namespace Microsoft.DurableTask.Worker;

/// <summary>Creates entities by name too.</summary>
public interface IDurableTaskFactory2 : IDurableTaskFactory
{
    /// <summary>Creates an entity of this name; false when none is registered.</summary>
    bool TryCreateEntity(TaskName name, IServiceProvider serviceProvider, [NotNullWhen(true)] out ITaskEntity? entity);
}
