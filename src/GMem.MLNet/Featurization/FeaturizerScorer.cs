using System.Collections.Concurrent;
using GMem.Images;
using GMem.MLNet.Generation;

namespace GMem.MLNet.Featurization;

/// <summary>Runs a fitted featurizer on one image at a time, from as many threads as there are. Owns the featurizer.</summary>
internal sealed class FeaturizerScorer : IDisposable
{
    private readonly IRowToRowMapper _mapper;
    private readonly DataViewSchema.Column _features;
    private readonly ConcurrentBag<Scorer> _idle = [];

    /// <param name="transformer">The fitted featurizer, which this disposes.</param>
    /// <param name="columns">Its columns.</param>
    /// <exception cref="ArgumentException">It does not make a vector of Single of known size of an image.</exception>
    public FeaturizerScorer(ITransformer transformer, FeaturizerColumns columns)
    {
        Transformer = transformer;
        Columns = columns;
        DataViewSchema input = columns.InputSchema();
        if (!transformer.IsRowToRowMapper)
        {
            throw new ArgumentException(
                "The featurizer does not work row by row; it must consist of transformers that make each row of its own row alone.");
        }

        _mapper = transformer.GetRowToRowMapper(input);
        _features = columns.FeaturesOf(_mapper.OutputSchema);
        Dimension = ((VectorDataViewType)_features.Type).Size;
    }

    /// <summary>The same, and the transformer is disposed too if it will not do.</summary>
    public static FeaturizerScorer Owning(ITransformer transformer, FeaturizerColumns columns)
    {
        try
        {
            return new FeaturizerScorer(transformer, columns);
        }
        catch
        {
            (transformer as IDisposable)?.Dispose();
            throw;
        }
    }

    public ITransformer Transformer { get; }

    public FeaturizerColumns Columns { get; }

    /// <summary>Numbers in the vector of an image.</summary>
    public int Dimension { get; }

    /// <summary>The vector of an image.</summary>
    /// <exception cref="InvalidOperationException">The featurizer failed, or gave numbers that are not finite.</exception>
    public float[] Score(RgbImage image)
    {
        Scorer scorer = _idle.TryTake(out Scorer? idle) ? idle : new Scorer(this);
        bool isFine = false;
        try
        {
            float[] features = scorer.Score(image);
            isFine = true;
            return features;
        }
        finally
        {
            // One that failed may hold half a row.
            if (isFine)
            {
                _idle.Add(scorer);
            }
            else
            {
                scorer.Dispose();
            }
        }
    }

    public void Dispose()
    {
        foreach (Scorer scorer in _idle)
        {
            scorer.Dispose();
        }

        (Transformer as IDisposable)?.Dispose();
    }

    /// <summary>A row and what the featurizer computes of it, for one thread at a time.</summary>
    private sealed class Scorer : IDisposable
    {
        private readonly ImageRow _input;
        private readonly DataViewRow _output;
        private readonly ValueGetter<VBuffer<float>> _getter;
        private VBuffer<float> _value;

        public Scorer(FeaturizerScorer featurizer)
        {
            _input = new ImageRow(featurizer._mapper.InputSchema);
            _output = featurizer._mapper.GetRow(_input, [featurizer._features]);
            _getter = _output.GetGetter<VBuffer<float>>(featurizer._features);
        }

        public float[] Score(RgbImage image)
        {
            try
            {
                using MLImage picture = MLImages.From(image);
                _input.MoveTo(picture);
                _getter(ref _value);
            }
            catch (Exception e) when (e is not (OutOfMemoryException or OperationCanceledException))
            {
                // An image that can be decoded is not at fault, so this must not count as one that cannot be read.
                throw new InvalidOperationException(
                    $"The featurizer failed on an image of {image.Width} x {image.Height} pixels: {e.Message}", e);
            }

            float[] features = [.. _value.DenseValues()];
            return Array.TrueForAll(features, float.IsFinite)
                ? features
                : throw new InvalidOperationException("The featurizer gave numbers that are not finite.");
        }

        public void Dispose() => _output.Dispose();
    }

    /// <summary>A row of one image, which can be changed; transformers see by its position that it has.</summary>
    private sealed class ImageRow(DataViewSchema schema) : DataViewRow
    {
        private MLImage? _image;
        private long _position = -1;

        public override DataViewSchema Schema => schema;

        public override long Position => _position;

        public override long Batch => 0;

        public void MoveTo(MLImage image)
        {
            _image = image;
            _position++;
        }

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) =>
            (ValueGetter<MLImage?>)((ref MLImage? value) => value = _image) as ValueGetter<TValue>
            ?? throw FeaturizerColumns.NoImage(column, typeof(TValue));

        public override ValueGetter<DataViewRowId> GetIdGetter() =>
            (ref DataViewRowId id) => id = new DataViewRowId((ulong)_position, 0);

        public override bool IsColumnActive(DataViewSchema.Column column) => true;
    }
}
