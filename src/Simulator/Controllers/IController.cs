using Heal.Simulator.Storage;

namespace Heal.Simulator.Controllers;

/// <summary>A level-triggered controller: told which objects may need work, it makes the world look as their specifications say.</summary>
internal interface IController
{
    /// <summary>The objects that a change concerns.</summary>
    IEnumerable<ObjectKey> Concerned(StoredObject changed);

    /// <summary>Does what is due now; returns when to look again at the latest, or null when only a change matters.</summary>
    TimeSpan? Reconcile(ObjectKey key);
}
