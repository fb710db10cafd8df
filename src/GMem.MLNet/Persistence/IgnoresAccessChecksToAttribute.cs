using System.Runtime.CompilerServices;

[assembly: IgnoresAccessChecksTo("Microsoft.ML.Core")]
[assembly: InternalsVisibleTo("GMem.MLNet.Tests")]

// The runtime looks for the attribute by its full name; no library declares it.
#pragma warning disable IDE0130 // the namespace is the runtime's
namespace System.Runtime.CompilerServices;
#pragma warning restore IDE0130

/// <summary>Lets this assembly use the internals of another at run time.</summary>
/// <param name="assemblyName">The other's simple name.</param>
[AttributeUsage(AttributeTargets.Assembly, AllowMultiple = true)]
internal sealed class IgnoresAccessChecksToAttribute(string assemblyName) : Attribute
{
    /// <summary>The other's simple name.</summary>
    public string AssemblyName { get; } = assemblyName;
}
