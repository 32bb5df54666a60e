namespace Microsoft.Azure.Functions.Worker.Extensions.Abstractions;

// What authors of binding extensions write on their attributes for the tools that read them. This host needs no such tool: it reads the
// attributes themselves.

/// <summary>Whether a binding takes one item or many.</summary>
public enum Cardinality
{
    Many = 0,
    One = 1,
}

/// <summary>A binding attribute that can take one item or many.</summary>
public interface ISupportCardinality
{
    Cardinality Cardinality { get; set; }
}

/// <summary>Capabilities of a binding, such as <see cref="KnownBindingCapabilities.FunctionLevelRetry"/>.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class BindingCapabilitiesAttribute(params string[] capabilities) : Attribute
{
    public string[] Capabilities { get; } = capabilities;
}

public static class KnownBindingCapabilities
{
    /// <summary>The trigger takes a retry attribute on its function.</summary>
    public const string FunctionLevelRetry = "FunctionLevelRetry";
}

/// <summary>The name that a property of a binding attribute has among a function's metadata, where it is not the property's own.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class BindingPropertyNameAttribute(string bindingPropertyName) : Attribute
{
    public string BindingPropertyName { get; } = bindingPropertyName;
}

/// <summary>The value that a property of a binding attribute has when nobody sets it.</summary>
[AttributeUsage(AttributeTargets.Property)]
public class DefaultValueAttribute : Attribute
{
    public DefaultValueAttribute(string stringDefault)
    {
        DefaultStringValue = stringDefault;
    }

    public DefaultValueAttribute(bool boolDefault)
    {
        DefaultBoolValue = boolDefault;
    }

    public string? DefaultStringValue { get; }

    public bool? DefaultBoolValue { get; }
}

/// <summary>The host-side package of a binding extension. Here host and worker are one: nothing is fetched.</summary>
[AttributeUsage(AttributeTargets.Assembly)]
public class ExtensionInformationAttribute(string extensionPackage, string extensionVersion, bool enableImplicitRegistration) : Attribute
{
    public ExtensionInformationAttribute(string extensionPackage, string extensionVersion)
        : this(extensionPackage, extensionVersion, enableImplicitRegistration: false)
    {
    }

    public string ExtensionPackage { get; } = extensionPackage;

    public string ExtensionVersion { get; } = extensionVersion;

    public bool EnableImplicitRegistration { get; } = enableImplicitRegistration;
}

/// <summary>The binding's converters take what the host has, without a copy as text. Here every converter does.</summary>
[AttributeUsage(AttributeTargets.Class)]
public class SupportsDeferredBindingAttribute : Attribute
{
}
