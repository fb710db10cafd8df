using System.Text.Json;
using GMem.Memory;

namespace GMem.Tests.Memory;

public sealed class EntryIdTests
{
    [Fact]
    public void Parse_OfToString_IsTheSameId()
    {
        Assert.Equal("17", new EntryId(17).ToString());
        Assert.Equal(new EntryId(17), EntryId.Parse("17"));
        Assert.Throws<FormatException>(() => EntryId.Parse("-1"));
        Assert.Throws<FormatException>(() => EntryId.Parse("cat"));
    }

    [Fact]
    public void Json_IsAPlainNumber()
    {
        Assert.Equal("17", JsonSerializer.Serialize(new EntryId(17)));
        Assert.Equal(new EntryId(17), JsonSerializer.Deserialize<EntryId>("17"));
    }

    [Fact]
    public void Conversion_FromAnIndex_DoesNotExist()
    {
        Assert.DoesNotContain(typeof(EntryId).GetMethods(), m => m.Name is "op_Implicit" or "op_Explicit");
        Assert.Null(typeof(MemoryBank).GetMethod(nameof(MemoryBank.Remove), [typeof(ReadOnlySpan<long>)]));
    }
}
