using System.Numerics;

namespace GMem.MLNet.Columns;

/// <summary>Reads a column of labels: text, or a key whose values are text. A missing key and empty text stand for no label.</summary>
internal static class LabelSource
{
    private const string KeyValues = "KeyValues";

    /// <param name="source">The row or cursor.</param>
    /// <param name="column">Its label column (<c>HoldsLabels</c>).</param>
    /// <returns>The current row's label, or an empty one.</returns>
    public static Func<string> Create(DataViewRow source, DataViewSchema.Column column) =>
        column.Type is not KeyDataViewType ? Text(source, column)
        : Type.GetTypeCode(column.Type.RawType) switch
        {
            TypeCode.Byte => Key<byte>(source, column),
            TypeCode.UInt16 => Key<ushort>(source, column),
            TypeCode.UInt32 => Key<uint>(source, column),
            _ => Key<ulong>(source, column),
        };

    /// <exception cref="ArgumentException">It is a key and does not say what its values are called.</exception>
    public static void Check(DataViewSchema.Column column)
    {
        if (column.Type is KeyDataViewType && (
            column.Annotations.Schema.GetColumnOrNull(KeyValues) is not { } names
                || names.Type is not VectorDataViewType { ItemType: TextDataViewType }))
        {
            throw new ArgumentException(
                $"The label column '{column.Name}' is a key without text for its values. Make the key from text (MapValueToKey), or turn "
                    + "it into text before.");
        }
    }

    private static Func<string> Text(DataViewRow source, DataViewSchema.Column column)
    {
        ValueGetter<ReadOnlyMemory<char>> getter = source.GetGetter<ReadOnlyMemory<char>>(column);
        ReadOnlyMemory<char> text = default;
        return () =>
        {
            getter(ref text);
            return text.ToString();
        };
    }

    private static Func<string> Key<T>(DataViewRow source, DataViewSchema.Column column)
        where T : struct, IBinaryInteger<T>
    {
        Check(column);
        VBuffer<ReadOnlyMemory<char>> values = default;
        column.Annotations.GetValue(KeyValues, ref values);
        string[] names = [.. values.DenseValues().Select(v => v.ToString())];
        ValueGetter<T> getter = source.GetGetter<T>(column);
        T key = default;
        return () =>
        {
            getter(ref key);
            ulong number = ulong.CreateChecked(key);
            return number == 0 || number > (ulong)names.Length ? "" : names[number - 1];
        };
    }
}
