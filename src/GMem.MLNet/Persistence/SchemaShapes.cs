namespace GMem.MLNet.Persistence;

/// <summary>
/// The promise of an estimator is made of <see cref="SchemaShape.Column"/>s, which only ML.NET itself can make without the access that this
/// folder has.
/// </summary>
internal static class SchemaShapes
{
    public static SchemaShape Of(DataViewSchema schema) => SchemaShape.Create(schema);

    public static SchemaShape.Column Scalar(string name, DataViewType type) =>
        new(name, SchemaShape.Column.VectorKind.Scalar, type, isKey: false);

    extension(SchemaShape shape)
    {
        /// <summary>The column of that name, or null.</summary>
        public SchemaShape.Column? Find(string? name) =>
            name is not null && shape.TryFindColumn(name, out SchemaShape.Column column) ? column : null;

        /// <summary>The names of all columns, for an error.</summary>
        public string ColumnNames => string.Join(", ", shape.Select(c => $"'{c.Name}'").DefaultIfEmpty("no columns"));

        /// <summary>The same columns and some more; one of the same name takes the place of the old one, which is hidden.</summary>
        public SchemaShape With(params SchemaShape.Column[] columns) =>
            new([.. shape.Where(c => !columns.Any(n => n.Name == c.Name)), .. columns]);
    }

    /// <summary>Name of a column's type as ML.NET's own messages have it.</summary>
    public static string TypeName(this SchemaShape.Column column) => column.GetTypeString();
}
