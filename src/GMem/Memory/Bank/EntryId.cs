using System.Text.Json;
using System.Text.Json.Serialization;

namespace GMem.Memory;

/// <summary>
/// The stable id of an entry: the same in every bank that has the entry, unlike its index, which is a position in one bank. A
/// type of its own, so that one cannot be passed for the other.
/// </summary>
/// <param name="Value">The number; entries have 0 or more.</param>
[JsonConverter(typeof(AsNumber))]
public readonly record struct EntryId(long Value)
{
    /// <summary>Reads an id as <see cref="ToString"/> writes it.</summary>
    /// <param name="text">A whole number in decimal digits.</param>
    /// <returns>The id.</returns>
    /// <exception cref="FormatException">It is no whole number of at least 0.</exception>
    public static EntryId Parse(string text) => new(long.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture));

    /// <summary>The number in decimal digits.</summary>
    /// <returns>For instance <c>17</c>.</returns>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);

    /// <summary>In JSON an id is a plain number.</summary>
    internal sealed class AsNumber : JsonConverter<EntryId>
    {
        public override EntryId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            new(reader.GetInt64());

        public override void Write(Utf8JsonWriter writer, EntryId value, JsonSerializerOptions options) =>
            writer.WriteNumberValue(value.Value);
    }
}
