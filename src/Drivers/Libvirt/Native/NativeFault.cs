using System.Runtime.InteropServices;

namespace Heal.Drivers.Libvirt.Native;

/// <summary>What <c>virGetLastError</c> says. Never leaves the driver: it becomes a <see cref="LibvirtException"/> of its host.</summary>
internal sealed class NativeFault(int code, int domain, string message) : Exception(message)
{
    public int Code { get; } = code;

    public int Domain { get; } = domain;

    /// <summary>libvirt keeps the last error per thread: to be read right after the call, on the thread that made it.</summary>
    public static NativeFault Last()
    {
        var error = LibvirtApi.virGetLastError();
        if (error == 0)
            return new NativeFault(ErrorCode.InternalError, 0, "libvirt refused and left no error");
        var message = NativeText.Read(Marshal.ReadIntPtr(error, 2 * sizeof(int)), NativeText.MaxMessageBytes);
        return new NativeFault(Marshal.ReadInt32(error), Marshal.ReadInt32(error, sizeof(int)), message ?? "libvirt gave no reason");
    }

    /// <summary>A result that says by being negative that the call failed.</summary>
    public static int Check(int result) => result < 0 ? throw Last() : result;

    /// <summary>A handle that says by being null that the call failed.</summary>
    public static T Check<T>(T handle)
        where T : LibvirtHandle
    {
        if (handle.IsInvalid)
        {
            var fault = Last();
            handle.Dispose();
            throw fault;
        }

        LibvirtHandle.Count();
        return handle;
    }

    /// <summary>A string that is the caller's to free, and says by being null that the call failed.</summary>
    public static string Check(nint text) => text == 0 ? throw Last() : NativeText.Take(text, NativeText.MaxDocumentBytes)!;
}

/// <summary>Those of libvirt's error codes (<c>virErrorNumber</c>) that the driver tells apart.</summary>
internal static class ErrorCode
{
    public const int InternalError = 1;
    public const int NoSupport = 3;
    public const int InvalidArgument = 8;
    public const int OperationDenied = 29;
    public const int SystemError = 38;
    public const int NoDomain = 42;
    public const int NoNetwork = 43;
    public const int AuthenticationFailed = 45;
    public const int NoStoragePool = 49;
    public const int NoStorageVolume = 50;
    public const int OperationInvalid = 55;
    public const int NoDomainSnapshot = 72;
    public const int ArgumentUnsupported = 74;
    public const int OperationAborted = 78;
    public const int AuthenticationCancelled = 79;
    public const int NoDomainMetadata = 80;
    public const int OperationUnsupported = 84;
    public const int AgentUnresponsive = 86;
    public const int AccessDenied = 88;
    public const int AuthenticationUnavailable = 94;
    public const int AgentUnsynced = 97;
}
