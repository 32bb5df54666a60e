using System.Security.Cryptography.X509Certificates;

namespace Heal.Drivers.Kubernetes.Credentials;

/// <summary>
/// A client certificate and its key in files that someone renews. Read again when one of the files has changed; a pair that does not fit
/// together (in the middle of a renewal) leaves the old one in force.
/// </summary>
internal sealed class CertificateFiles
{
    private readonly Func<X509Certificate2> _read;
    private readonly string[] _paths;
    private readonly Lock _lock = new();
    private X509Certificate2 _current;
    private Mark[] _marks;
    private volatile string? _failure;

    /// <param name="read">Reads the pair.</param>
    /// <param name="paths">The files that it reads.</param>
    /// <exception cref="KubeconfigException">They cannot be read now.</exception>
    public CertificateFiles(Func<X509Certificate2> read, params string[] paths)
    {
        _read = read;
        _paths = paths;
        _marks = Marks();
        _current = read();
    }

    /// <summary>Why the changed files could not be read; null when they were.</summary>
    public string? Failure => _failure;

    /// <summary>The certificate as the files have it now. Not disposed here: connections may still use an older one.</summary>
    public X509Certificate2 Current()
    {
        lock (_lock)
        {
            var now = Marks();
            if (now.AsSpan().SequenceEqual(_marks))
            {
                _failure = null;
                return _current;
            }

            try
            {
                _current = _read();
                _marks = now;
                _failure = null;
            }
            catch (KubeconfigException exception)
            {
                // Tried again with the next call.
                _failure = exception.Message;
            }

            return _current;
        }
    }

    private Mark[] Marks() => [.. _paths.Select(path =>
    {
        // Of the file that a link points to: mounted secrets are renewed by turning the link.
        var file = new FileInfo(path);
        if (!file.Exists)
            return new Mark(path, 0, 0);
        var target = file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file;
        return target.Exists ? new Mark(target.FullName, target.LastWriteTimeUtc.Ticks, target.Length) : new Mark(path, 0, 0);
    })];

    private readonly record struct Mark(string Path, long Written, long Length);
}
