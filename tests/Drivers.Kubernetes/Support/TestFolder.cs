using Heal.Drivers.Kubernetes.Configuration;

namespace Heal.Drivers.Kubernetes.Tests.Support;

/// <summary>A folder that goes away, and a machine whose home it is.</summary>
internal sealed class TestFolder : IDisposable
{
    public TestFolder() => Path = Directory.CreateTempSubdirectory("heal-kube-").FullName;

    public string Path { get; }

    public Dictionary<string, string> Variables { get; } = [];

    public HostEnvironment Host => new(name => Variables.GetValueOrDefault(name), Path, Path);

    public string Write(string name, string text)
    {
        var path = System.IO.Path.Combine(Path, name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    /// <summary>A shell script that can be run.</summary>
    public string WriteScript(string name, string body)
    {
        var path = Write(name, "#!/bin/sh\n" + body + "\n");
        if (OperatingSystem.IsWindows())
            throw new PlatformNotSupportedException("These tests run shell scripts: expected Linux or macOS.");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }

    /// <summary>A kubeconfig with one context, "test"; the lines go below cluster and user.</summary>
    public string WriteKubeconfig(Uri server, string cluster = "", string user = "", string name = "config") => Write(name, $"""
        apiVersion: v1
        kind: Config
        current-context: test
        contexts:
        - name: test
          context: {"{"}cluster: c, user: u, namespace: shop{"}"}
        clusters:
        - name: c
          cluster:
            server: {server}
        {Indent(cluster)}
        users:
        - name: u
          user:
            ignored: true
        {Indent(user)}
        """);

    public void Dispose() => Directory.Delete(Path, recursive: true);

    private static string Indent(string text) => string.Join('\n', text.Split('\n').Select(line => "    " + line));
}
