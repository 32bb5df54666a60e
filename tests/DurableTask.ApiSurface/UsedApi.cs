using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace Heal.DurableTask.ApiSurface.Tests;

/// <summary>What a built assembly uses of others: the types and members that its metadata refers to.</summary>
internal static class UsedApi
{
    // Stand in for the type parameters of the code around a reference: which ones they are changes nothing about the member.
    private static readonly Type[] AnyTypes = [.. Enumerable.Repeat(typeof(object), 16)];

    /// <param name="path">Of the assembly; what it needs lies beside it.</param>
    /// <param name="isAsked">Of which assemblies.</param>
    public static IReadOnlyList<MemberInfo> Of(string path, Func<Assembly, bool> isAsked)
    {
        Module module = Assembly.LoadFrom(path).ManifestModule;
        using var file = new PEReader(File.OpenRead(path));
        MetadataReader metadata = file.GetMetadataReader();
        IEnumerable<MemberInfo> types = metadata.TypeReferences
            .Select(handle => (MemberInfo)module.ResolveType(MetadataTokens.GetToken(handle)));
        IEnumerable<MemberInfo> members = metadata.MemberReferences
            .Where(handle => !IsOfOwnGeneric(metadata.GetMemberReference(handle), metadata))
            .Select(handle => module.ResolveMember(MetadataTokens.GetToken(handle), AnyTypes, AnyTypes)!);
        return [.. types.Concat(members).Where(used => isAsked((used as Type ?? used.DeclaringType!).Assembly))];
    }

    /// <summary>A member of one of the assembly's own generic types, to which it refers as to a foreign one.</summary>
    private static bool IsOfOwnGeneric(MemberReference member, MetadataReader metadata)
    {
        if (member.Parent.Kind != HandleKind.TypeSpecification)
        {
            return false;
        }

        BlobReader type = metadata.GetBlobReader(metadata.GetTypeSpecification((TypeSpecificationHandle)member.Parent).Signature);
        return type.ReadSignatureTypeCode() == SignatureTypeCode.GenericTypeInstance
            && type.ReadSignatureTypeCode() == SignatureTypeCode.TypeHandle
            && type.ReadTypeHandle().Kind == HandleKind.TypeDefinition;
    }
}
