using System.Runtime.CompilerServices;

namespace GMem.Distributed;

/// <summary>What ranks of one NCCL communicator have in common; passed by value.</summary>
[InlineArray(Length)]
internal struct NcclUniqueId
{
    public const int Length = 128;

    private byte _first;
}
