using System.Runtime.InteropServices;
using GMem.Evaluation;
using GMem.MLNet.Persistence;
using TorchSharp;

namespace GMem.MLNet.Evaluation;

/// <summary>A vector column as a set of features.</summary>
internal static class ViewFeatures
{
    /// <exception cref="ArgumentException">There is no such column, it holds something else, or the view has no rows.</exception>
    public static FeatureSet Read(IDataView view, string role, string columnName, string featureName)
    {
        SchemaShape shape = SchemaShapes.Of(view.Schema);
        SchemaShape.Column found = shape.Find(columnName) ?? throw new ArgumentException(
            $"The column '{columnName}' of features of the {role} images is not in the view, which has: {shape.ColumnNames}.");
        if (view.Schema[columnName].Type is not VectorDataViewType
            {
                IsKnownSize: true,
                Size: int size
            } type || type.ItemType != NumberDataViewType.Single)
        {
            throw new ArgumentException(
                $"The column '{columnName}' of features of the {role} images is {found.TypeName()}; expected a vector of Single of known "
                    + "size.");
        }

        List<float> values = [];
        using DataViewRowCursor cursor = view.GetRowCursor([view.Schema[columnName]]);
        ValueGetter<VBuffer<float>> getter = cursor.GetGetter<VBuffer<float>>(view.Schema[columnName]);
        VBuffer<float> buffer = default;
        float[] row = new float[size];
        while (cursor.MoveNext())
        {
            getter(ref buffer);
            buffer.CopyTo(row);
            values.AddRange(row);
        }

        if (values.Count == 0)
        {
            throw new ArgumentException($"There are no {role} images: the view has no rows.");
        }

        using torch.Tensor features = torch.empty(values.Count / size, size);
        MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(values)).CopyTo(features.bytes);
        return FeatureSet.FromFeatures(featureName, features);
    }
}
