using System.Diagnostics;
using System.Text;

namespace Heal.Healing.Tests;

/// <summary>The seed as other programs see it: Debian's dosfstools and mtools judge it.</summary>
public sealed class CloudInitSeedTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"heal-seed-{Guid.NewGuid():n}.img");

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void The_file_system_is_sound_and_labelled_as_cloud_init_wants_it()
    {
        Write("#cloud-config\npackages: [nginx]\n", "version: 2\n");

        var (code, output) = Run("fsck.fat", "-n", "-v", _path);
        Assert.True(code == 0, output);
        Assert.Contains("cidata", Run("blkid", "-p", "-o", "export", _path).Output);
    }

    [Fact]
    public void Every_file_is_there_with_its_name_and_its_content()
    {
        var userData = "#cloud-config\n" + new string('x', 40_000) + "\näöü\n";
        Write(userData, "version: 2\n");

        Assert.Equal(userData, Run("mtype", "-i", _path, "::user-data").Output);
        Assert.Equal("version: 2\n", Run("mtype", "-i", _path, "::network-config").Output);
        Assert.Contains("local-hostname: web-1", Run("mtype", "-i", _path, "::meta-data").Output);
        Assert.Contains($"instance-id: {VmIdentity.Uuid("web-1"):D}", Run("mtype", "-i", _path, "::meta-data").Output);
    }

    [Fact]
    public void The_largest_seed_fits_and_is_sound()
    {
        var text = "#" + new string('y', VmLimits.SeedTextBytes - 1);
        Write(text, text);
        Assert.Equal(0, Run("fsck.fat", "-n", _path).Code);
        Assert.Equal(text, Run("mtype", "-i", _path, "::user-data").Output);
    }

    [Fact]
    public void The_same_definition_gives_the_same_bytes() =>
        Assert.Equal(CloudInitSeed.Image(Seeded("#!/bin/sh\n", null)), CloudInitSeed.Image(Seeded("#!/bin/sh\n", null)));

    [Fact]
    public void More_than_fits_is_refused() =>
        Assert.Throws<ArgumentException>(() => FatImage.Of("cidata", [("large", new byte[FatImage.Bytes])]));

    private void Write(string? userData, string? network) => File.WriteAllBytes(_path, CloudInitSeed.Image(Seeded(userData, network)));

    private static VmBlueprint Seeded(string? userData, string? network)
    {
        var vm = Vm.Blueprint(Vm.Web.Replace("\"vcpus\": 2", "\"vcpus\": 2, \"cloudInit\": {}"));
        return vm with { Seed = vm.Seed! with { UserData = userData, NetworkConfig = network } };
    }

    private static (int Code, string Output) Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false, RedirectStandardOutput = true, StandardOutputEncoding = Encoding.UTF8,
        };
        start.Environment["PATH"] = "/usr/sbin:/sbin:" + start.Environment["PATH"];
        start.FileName = new[] { "/usr/bin", "/usr/sbin", "/sbin", "/bin" }.Select(folder => Path.Combine(folder, program))
            .FirstOrDefault(File.Exists) ?? program; // missing: Process.Start says so
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output);
    }
}
