using System.Text.RegularExpressions;
using Microsoft.Azure.Functions.Worker.Store;

namespace Microsoft.Azure.Functions.Worker.Keys;

/// <summary>
/// What an operator does to keys, by HTTP or by command. A made key is told once, by the answer; afterwards nobody can read it.
/// </summary>
internal sealed partial class KeyAdmin(KeySet configured, IHostStore store)
{
    /// <summary>The names of the keys of a kind, configured ones and stored ones.</summary>
    public async Task<IReadOnlyList<ListedKey>> ListAsync(KeyKind? kind, string? function, CancellationToken cancellationToken)
    {
        IEnumerable<ListedKey> named = configured.All().Select(static key => new ListedKey(key.Id, IsConfigured: true));
        IEnumerable<ListedKey> stored = (await store.ReadKeysAsync(cancellationToken))
            .Where(key => !configured.Has(key.Id))
            .Select(static key => new ListedKey(key.Id, IsConfigured: false));
        return
        [
            .. named.Concat(stored)
                .Where(key => kind is null || key.Id.Kind == kind)
                .Where(key => function is null || string.Equals(key.Id.Function, function, StringComparison.OrdinalIgnoreCase))
                .OrderBy(static key => key.Id.Kind)
                .ThenBy(static key => key.Id.Function, StringComparer.Ordinal)
                .ThenBy(static key => key.Id.Name, StringComparer.Ordinal),
        ];
    }

    /// <summary>Makes the key, or gives it another value; the old one stops working.</summary>
    /// <param name="value">Null: a random one is made.</param>
    /// <exception cref="KeyRefusedException">The name or the value cannot be used, or the key is configured.</exception>
    public async Task<SetKey> SetAsync(KeyId id, string? value, CancellationToken cancellationToken)
    {
        if (id.Kind != KeyKind.Master && !KeyName().IsMatch(id.Name))
        {
            throw new KeyRefusedException(
                $"The key name '{id.Name}' cannot be used: expected a letter or digit, then up to 126 letters, digits, '.', '-' or '_'.");
        }

        if (value is { Length: < KeySet.MinLength or > KeyRing.MaxLength })
        {
            throw new KeyRefusedException(
                $"The value has {value.Length} characters, expected {KeySet.MinLength} to {KeyRing.MaxLength}.");
        }

        RefuseConfigured(id);
        string secret = value ?? StoredKey.NewValue();
        // The host looks for its own key by its name as it stands.
        KeyId named = id == KeyId.DurableTask ? KeyId.DurableTask : id;
        return new(await store.SetKeyAsync(StoredKey.Of(named, secret), cancellationToken), secret);
    }

    /// <returns>False: there is no such key.</returns>
    /// <exception cref="KeyRefusedException">The host cannot do without it, or it is configured.</exception>
    public Task<bool> DeleteAsync(KeyId id, CancellationToken cancellationToken)
    {
        if (id == KeyId.Master || id == KeyId.DurableTask)
        {
            throw new KeyRefusedException($"The {id} cannot be deleted, the host needs it: give it another value instead.");
        }

        RefuseConfigured(id);
        return store.DeleteKeyAsync(id, cancellationToken);
    }

    private void RefuseConfigured(KeyId id)
    {
        if (configured.Has(id))
        {
            throw new KeyRefusedException($"The {id} is set by a setting AzureFunctionsKeys: change it there.") { IsConfigured = true };
        }
    }

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9._-]{0,126}$")]
    private static partial Regex KeyName();
}

internal sealed record ListedKey(KeyId Id, bool IsConfigured);

/// <param name="Value">The secret: for the caller's answer, for nothing else.</param>
internal sealed record SetKey(bool IsNew, string Value);

/// <summary>A key cannot be set or deleted; the message says why.</summary>
internal sealed class KeyRefusedException(string message) : Exception(message)
{
    /// <summary>The key is set by the configuration, which this host does not change.</summary>
    public bool IsConfigured { get; init; }
}
