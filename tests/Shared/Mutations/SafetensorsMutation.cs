using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace GMem.Tests.Shared;

/// <summary>Safetensors files whose headers lie, though they are well-formed.</summary>
public static class SafetensorsMutation
{
    private static readonly string[] Types = ["F64", "F32", "F16", "BF16", "I64", "I32", "I16", "I8", "U8", "BOOL", "F8_E4M3", "", "F33"];

    /// <summary>Another file of one; what has no header that can be read any more is damaged anywhere.</summary>
    public static byte[] Make(Random random, byte[] bytes)
    {
        try
        {
            return WithOtherHeader(random, bytes);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or JsonException or NullReferenceException)
        {
            return Mutator.Damaged(random, bytes);
        }
    }

    private static byte[] WithOtherHeader(Random random, byte[] bytes)
    {
        int length = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes);
        JsonObject header = JsonNode.Parse(bytes.AsSpan(8, length))!.AsObject();
        byte[] data = bytes[(8 + length)..];
        if (random.Next(3) > 0 && header["__metadata__"] is JsonObject metadata)
        {
            // Without hashes, so that what lies behind their check is reached.
            foreach (string key in metadata.Select(m => m.Key).Where(k => k.StartsWith("gmem.", StringComparison.Ordinal)).ToArray())
            {
                metadata.Remove(key);
            }
        }

        for (int edits = random.Next(1, 4); edits > 0; edits--)
        {
            data = Edit(random, header, data);
        }

        byte[] json = Encoding.UTF8.GetBytes(header.ToJsonString());
        json = random.Next(10) == 0 ? Mutator.WithAnotherNumber(random, json) : json;
        byte[] start = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(start, json.Length);
        return [.. start, .. json, .. data];
    }

    private static byte[] Edit(Random random, JsonObject header, byte[] data)
    {
        string[] names = [.. header.Select(h => h.Key).Where(k => k != "__metadata__")];
        if (names.Length == 0 || random.Next(4) == 0)
        {
            return EditData(random, data);
        }

        string name = names[random.Next(names.Length)];
        JsonObject entry = header[name]!.AsObject();
        switch (random.Next(9))
        {
            case 0:
                entry["dtype"] = Types[random.Next(Types.Length)];
                break;
            case 1:
                entry["shape"] = Array(random, entry["shape"]);
                break;
            case 2:
                entry["data_offsets"] = Array(random, entry["data_offsets"]);
                break;
            case 3:
                header.Remove(name);
                header[name + "x"] = entry;
                break;
            case 4:
                header.Remove(name);
                break;
            case 5:
                header[$"extra{random.Next(100)}"] = entry.DeepClone();
                break;
            case 6:
                (long size, long at) = (random.NextInt64(1, 1L << 33), data.Length);
                header[$"extra{random.Next(100)}"] = new JsonObject
                {
                    ["dtype"] = "U8",
                    ["shape"] = new JsonArray(size),
                    ["data_offsets"] = new JsonArray(at, at + size),
                };
                break;
            case 7:
                header["__metadata__"] = random.Next(3) switch { 0 => null, 1 => new JsonObject(), _ => new JsonArray(1) };
                break;
            default:
                // A consistent reshaping: what it describes is there, but not what is wanted.
                if (entry["shape"] is JsonArray { Count: > 1 } shape)
                {
                    entry["shape"] = new JsonArray([.. shape.Reverse().Select(s => s?.DeepClone())]);
                }

                break;
        }

        return data;
    }

    private static byte[] EditData(Random random, byte[] data)
    {
        byte[] changed = [.. data];
        float[] values = [float.NaN, float.PositiveInfinity, float.MaxValue, 0, -1, 1e-30f];
        if (changed.Length >= 4 && random.Next(2) == 0)
        {
            int at = random.Next(changed.Length / 4) * 4;
            BinaryPrimitives.WriteSingleLittleEndian(changed.AsSpan(at), values[random.Next(values.Length)]);
            return changed;
        }

        return random.Next(2) == 0 ? [.. changed, .. new byte[random.Next(1, 1 << 16)]] : Mutator.Damaged(random, changed);
    }

    private static JsonArray Array(Random random, JsonNode? old)
    {
        List<JsonNode?> items = [.. old?.AsArray().Select(i => i?.DeepClone()) ?? []];
        long other = random.Next(6) switch
        {
            0 => 0,
            1 => -1,
            2 => long.MaxValue,
            3 => 1L << 32,
            4 => 1L << 61,
            _ => random.Next(100),
        };
        if (items.Count == 0 || random.Next(3) == 0)
        {
            items.Add(other);
        }
        else
        {
            items[random.Next(items.Count)] = other;
        }

        return new JsonArray([.. items]);
    }
}
