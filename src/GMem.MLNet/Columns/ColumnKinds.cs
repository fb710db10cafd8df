using GMem.MLNet.Persistence;

namespace GMem.MLNet.Columns;

/// <summary>What a column must be to be read as something, and how an error says it.</summary>
internal static class ColumnKinds
{
    public const string Images = "String (the path of a file), Image, or a vector of Byte (an encoded file)";
    public const string Labels = "String or a key";

    extension(SchemaShape.Column column)
    {
        public bool HoldsImages => column.Kind == SchemaShape.Column.VectorKind.Scalar
            ? column.ItemType is TextDataViewType || ImageColumnTypes.Contains(column.ItemType.RawType)
            : column.ItemType.RawType == typeof(byte) && !column.IsKey;

        public bool HoldsLabels =>
            column.Kind == SchemaShape.Column.VectorKind.Scalar && (column.IsKey || column.ItemType is TextDataViewType);

        /// <summary>Says what a column is and what it should be.</summary>
        public ArgumentException Mismatch(string role, string expected, string? advice = null) => new(
            $"The {role} column '{column.Name}' is {column.TypeName()}; expected {expected}.{(advice is null ? "" : " " + advice)}");
    }
}
