using System.Text.Json;

namespace GMem.FileFormats;

/// <summary>
/// Reads the JSON of a header. Whatever is in it, the answer is entries that are consistent in themselves or an InvalidDataException.
/// </summary>
internal static class SafetensorsJson
{
    /// <summary>As many as libtorch's own kernels take.</summary>
    private const int MostDimensions = 64;

    public static (List<SafetensorsEntry> Entries, Dictionary<string, string> Metadata) Parse(byte[] json, string name)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            Dictionary<string, string> metadata = new(StringComparer.Ordinal);
            List<SafetensorsEntry> entries = [];
            foreach (JsonProperty property in Members(document.RootElement, "the header", name))
            {
                if (property.Name != SafetensorsHeader.MetadataKey)
                {
                    entries.Add(Entry(property.Name, property.Value, name));
                    continue;
                }

                // Some writers put null where they have nothing to say.
                bool isNull = property.Value.ValueKind == JsonValueKind.Null;
                foreach (JsonProperty item in isNull ? [] : Members(property.Value, SafetensorsHeader.MetadataKey, name))
                {
                    metadata.Add(item.Name, item.Value.GetString()
                        ?? throw SafetensorsHeader.Damaged(name, $"the metadata '{item.Name}' is null"));
                }
            }

            return (entries, metadata);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw SafetensorsHeader.Damaged(name, "its header is not the JSON of a safetensors file", e);
        }
    }

    /// <summary>The members of an object, none of them twice: readers disagree on which of two counts.</summary>
    private static IEnumerable<JsonProperty> Members(JsonElement value, string what, string name)
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (JsonProperty property in value.EnumerateObject())
        {
            yield return seen.Add(property.Name) ? property
                : throw SafetensorsHeader.Damaged(name, $"'{property.Name}' stands twice in {what}");
        }
    }

    private static SafetensorsEntry Entry(string tensor, JsonElement value, string name)
    {
        Dictionary<string, JsonElement> members = Members(value, $"tensor '{tensor}'", name).ToDictionary(
            m => m.Name, m => m.Value, StringComparer.Ordinal);
        JsonElement Member(string key) => members.TryGetValue(key, out JsonElement member) ? member
            : throw SafetensorsHeader.Damaged(name, $"tensor '{tensor}' has no '{key}'");

        string typeName = Member("dtype").GetString() ?? "";
        if (!SafetensorsHeader.TryType(typeName, out torch.ScalarType type, out int size))
        {
            throw new InvalidDataException(
                $"'{name}': tensor '{tensor}' has the element type '{typeName}'; read are {SafetensorsHeader.TypeNames}.");
        }

        JsonElement dimensions = Member("shape");
        JsonElement offsets = Member("data_offsets");
        if (dimensions.GetArrayLength() > MostDimensions || offsets.GetArrayLength() != 2)
        {
            throw SafetensorsHeader.Damaged(
                name, $"tensor '{tensor}' has {dimensions.GetArrayLength()} dimensions and {offsets.GetArrayLength()} offsets; "
                + $"at most {MostDimensions} and exactly 2 are possible");
        }

        long[] shape = [.. dimensions.EnumerateArray().Select(d => d.GetInt64())];
        long begin = offsets[0].GetInt64();
        long end = offsets[1].GetInt64();
        if (ByteLength(shape, size) is not long length || begin < 0 || end < begin || end - begin != length)
        {
            throw SafetensorsHeader.Damaged(
                name, $"tensor '{tensor}' of {typeName} [{string.Join(", ", shape)}] does not fit its offsets {begin} to {end}");
        }

        return new SafetensorsEntry(tensor, type, shape, begin, length);
    }

    /// <summary>
    /// The bytes of a shape, or null where it is none: a size below 0, or more than a 64-bit number of bytes. The latter also where another
    /// size is 0, because strides are made of all of them.
    /// </summary>
    private static long? ByteLength(long[] shape, int elementSize)
    {
        long length = elementSize;
        foreach (long size in shape)
        {
            if (size < 0 || length > long.MaxValue / Math.Max(size, 1))
            {
                return null;
            }

            length *= Math.Max(size, 1);
        }

        return shape.Contains(0) ? 0 : length;
    }
}
