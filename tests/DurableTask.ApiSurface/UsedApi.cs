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
        return
        [
            .. metadata.TypeReferences.Select(handle => (MemberInfo)TypeOf(handle)).Where(type => isAsked(((Type)type).Assembly)),
            .. metadata.MemberReferences
                .Where(handle => OwnerOf(metadata.GetMemberReference(handle)) is { } owner && isAsked(TypeOf(owner).Assembly))
                .Select(handle => module.ResolveMember(MetadataTokens.GetToken(handle), AnyTypes, AnyTypes)!),
        ];

        Type TypeOf(EntityHandle handle) => module.ResolveType(MetadataTokens.GetToken(handle));

        // Null for the assembly's own types, generic ones too, and for arrays.
        EntityHandle? OwnerOf(MemberReference member)
        {
            EntityHandle owner = member.Parent;
            if (owner.Kind == HandleKind.TypeSpecification)
            {
                BlobReader type = metadata.GetBlobReader(metadata.GetTypeSpecification((TypeSpecificationHandle)owner).Signature);
                if (type.ReadSignatureTypeCode() != SignatureTypeCode.GenericTypeInstance
                    || type.ReadSignatureTypeCode() != SignatureTypeCode.TypeHandle)
                {
                    return null;
                }

                owner = type.ReadTypeHandle();
            }

            return owner.Kind == HandleKind.TypeReference ? owner : null;
        }
    }
}
