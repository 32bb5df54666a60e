using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Heal.Activities.Tests;

/// <summary>A management controller that speaks IPMI over LAN on loopback: <c>ipmi_sim</c> of Debian's package openipmi. The power that it
/// switches is a file.</summary>
internal sealed class IpmiSimulator : IAsyncDisposable
{
    private const string Password = "not-for-eyes";

    private readonly string _folder = Directory.CreateTempSubdirectory("heal-ipmi-").FullName;
    private Process? _process;

    public IpmiOptions Controller { get; private set; } = new();

    public string Power => File.ReadAllText(Path.Combine(_folder, "power")).Trim();

    public async Task StartAsync()
    {
        var port = FreePort();
        Write("power", "1");
        Write("password", Password);
        Write("bmc.emu", "mc_setbmc 0x20\nmc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr\nmc_enable 0x20\n");
        Write("bmc.conf", $"""
            name "bmc"
            set_working_mc 0x20
              startlan 1
                addr 127.0.0.1 {port}
                priv_limit admin
                allowed_auths_admin none md2 md5 straight
                guid a123456789abcdefa123456789abcdef
              endlan
              chassis_control "/bin/sh {_folder}/chassis"
              user 2 true "heal" "{Password}" admin 10 none md2 md5 straight

            """);

        // Called as: get PARAMETER... or set PARAMETER VALUE...
        Write("chassis", $"""
            verb=$1
            shift
            while [ $# -gt 0 ]; do
              if [ "$verb" = get ]; then
                if [ "$1" = power ]; then echo "power:$(cat "{_folder}/power")"; else echo "$1:0"; fi
              else
                if [ "$verb $1" = "set power" ]; then echo "$2" >"{_folder}/power"; fi
                shift
              fi
              shift
            done

            """);
        Controller = new IpmiOptions
        {
            Address = "127.0.0.1", Port = port, User = "heal", PasswordFile = Path.Combine(_folder, "password"), CipherSuite = 3,
        };
        _process = Process.Start(new ProcessStartInfo(
            "ipmi_sim", ["-c", $"{_folder}/bmc.conf", "-f", $"{_folder}/bmc.emu", "-s", $"{_folder}/state", "-n"])
        {
            UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true,
        }) ?? throw new InvalidOperationException("ipmi_sim did not start: apt-get install openipmi ipmitool");
        await UntilBoundAsync(port);
    }

    public IpmiOptions WithPassword(string password)
    {
        Write("other", password);
        return new IpmiOptions
        {
            Address = Controller.Address, Port = Controller.Port, User = Controller.User, PasswordFile = Path.Combine(_folder, "other"),
            CipherSuite = Controller.CipherSuite,
        };
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { } process)
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
        }

        Directory.Delete(_folder, recursive: true);
    }

    private void Write(string file, string text) => File.WriteAllText(Path.Combine(_folder, file), text);

    private static int FreePort()
    {
        using var socket = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.Client.LocalEndPoint!).Port;
    }

    // It says nothing when it is ready: its socket in the kernel's list does.
    private async Task UntilBoundAsync(int port)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!File.ReadLines("/proc/net/udp").Any(line => line.Contains($"0100007F:{port:X4}", StringComparison.Ordinal)))
        {
            if (_process!.HasExited)
            {
                throw new InvalidOperationException($"ipmi_sim ended: {await _process.StandardError.ReadToEndAsync(patience.Token)}");
            }

            await Task.Delay(20, patience.Token);
        }
    }
}
