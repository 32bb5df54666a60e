using System.Diagnostics.CodeAnalysis;
using Microsoft.DurableTask.Entities;

namespace Microsoft.DurableTask.Worker;

/// <summary>
/// Creates entities too. An interface of its own, so that factories written for <see cref="IDurableTaskFactory"/> go on to compile.
/// </summary>
public interface IDurableTaskFactory2 : IDurableTaskFactory
{
    /// <summary>Creates the entity of this name; false when none is registered.</summary>
    bool TryCreateEntity(TaskName name, IServiceProvider serviceProvider, [NotNullWhen(true)] out ITaskEntity? entity);
}
