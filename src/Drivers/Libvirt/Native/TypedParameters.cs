using System.Runtime.InteropServices;
using System.Text;

namespace Heal.Drivers.Libvirt.Native;

/// <summary>libvirt's lists of named values.</summary>
internal static unsafe class TypedParameters
{
    /// <summary>Copies them; the memory stays whose it was. Whole numbers become <see cref="long"/>, save those that do not fit.</summary>
    public static Dictionary<string, object> Read(NativeParameter* parameters, int count)
    {
        var values = new Dictionary<string, object>(count, StringComparer.Ordinal);
        for (var i = 0; i < count; i++)
        {
            ref var parameter = ref parameters[i];
            fixed (byte* field = parameter.Field)
            {
                if (NativeText.Read((nint)field, NativeParameter.FieldBytes) is { Length: > 0 } name && ValueOf(in parameter) is { } value)
                    values[name] = value;
            }
        }

        return values;
    }

    /// <summary>One string parameter, for a call that takes a list; ours to free with <see cref="Free"/>.</summary>
    public static NativeParameter* Text(string name, string value)
    {
        var parameter = (NativeParameter*)NativeMemory.AllocZeroed((nuint)sizeof(NativeParameter));
        Encoding.UTF8.GetBytes(name, new Span<byte>(parameter->Field, NativeParameter.FieldBytes - 1));
        parameter->Type = NativeParameter.TextType;
        parameter->Value = (ulong)Marshal.StringToCoTaskMemUTF8(value);
        return parameter;
    }

    public static void Free(NativeParameter* parameter)
    {
        if (parameter is null)
            return;
        Marshal.FreeCoTaskMem((nint)parameter->Value);
        NativeMemory.Free(parameter);
    }

    private static object? ValueOf(in NativeParameter parameter) => parameter.Type switch
    {
        1 => (long)(int)parameter.Value,
        2 => (long)(uint)parameter.Value,
        3 => (long)parameter.Value,
        4 => parameter.Value > long.MaxValue ? parameter.Value : (long)parameter.Value,
        5 => BitConverter.UInt64BitsToDouble(parameter.Value),
        6 => (byte)parameter.Value != 0,
        NativeParameter.TextType => NativeText.Read((nint)parameter.Value, NativeText.MaxNameBytes),
        _ => null,
    };
}
