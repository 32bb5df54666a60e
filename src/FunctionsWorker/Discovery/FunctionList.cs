using System.ComponentModel;

namespace Microsoft.Azure.Functions.Worker.Discovery;

/// <summary>The functions of one assembly, written by the compiler so that the host need not look for them. For generated code: write
/// functions with <see cref="FunctionAttribute"/>.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public abstract class FunctionList
{
    /// <summary>Those that generated code can name.</summary>
    public abstract ListedFunction[] Functions();

    /// <summary>Classes, by their names in metadata, whose methods have to be looked through: they are hidden from other code, or written
    /// by another generator. One that does not exist holds no functions.</summary>
    public virtual string[] ClassesToSearch() => [];
}
