using GMem.Backbone;
using GMem.Images;
using GMem.Memory;
using GMem.Sampling;

namespace GMem;

/// <summary>Requests as the conditions of a network see them: every entry picked, every snippet at hand, every label settled.</summary>
internal sealed class ResolvedPrompts
{
    /// <summary>A snippet of a smaller norm has no direction; the all-zero snippet would be the null condition.</summary>
    private const double SmallestNorm = 1e-6;

    private readonly GMemModel _model;
    private readonly IReadOnlyList<GenerationRequest> _requests;
    private readonly MemoryEntry?[] _entries;
    private readonly ConditionPrompt[] _prompts;
    private readonly bool[] _turned;

    /// <exception cref="ArgumentException">A request is not valid for the model; the message says which and why.</exception>
    public ResolvedPrompts(GMemModel model, IReadOnlyList<GenerationRequest> requests)
    {
        _model = model;
        _requests = requests;
        foreach (GenerationRequest request in requests)
        {
            Check(request);
        }

        _entries = [.. requests.Select(Entry)];
        using DisposeScope scope = torch.NewDisposeScope();
        float[][] rows = RowsOfEntries();
        _turned = [.. requests.Select((r, i) => model.Sampling.Novelty is not null && r.MemoryIndex is null && _entries[i] is not null)];
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = _turned[i] ? Turned(rows[i], i, model.Sampling.Novelty!) : rows[i];
        }

        _prompts = [.. requests.Select((r, i) => Resolve(r, _entries[i], rows[i]))];
    }

    private bool UsesMemory => _model.HasMemory;

    private bool LabelsOnlyPick => Conditions.All(c => c is SnippetCondition or ValuesCondition or AugmentationCondition);

    private IReadOnlyList<Condition> Conditions => _model.Core.Network.Conditions;

    /// <summary>The entry behind a request; null where there is none.</summary>
    public MemoryEntry? EntryOf(int index) => _entries[index];

    /// <summary>Whether the snippet is that of the entry behind the request.</summary>
    public bool HasEntrysSnippet(int index) => _entries[index] is not null && !_turned[index];

    public string? LabelOf(int index) => _prompts[index].Label is { Length: > 0 } label ? label : null;

    /// <summary>The snippet of a request, of unit length; empty for a network without.</summary>
    public ReadOnlyMemory<float> SnippetOf(int index) => _prompts[index].Snippet;

    /// <summary>The values of each condition, on the CPU, in the caller's scope.</summary>
    public IReadOnlyList<torch.Tensor> ConditionValues() => [.. Conditions.Select(c => c.Values(_prompts))];

    private static ReadOnlyMemory<float> Unit(ReadOnlyMemory<float> snippet)
    {
        using torch.Tensor given = torch.tensor(snippet.ToArray());
        using torch.Tensor unit = Snippets.Normalize(given);
        return unit.data<float>().ToArray();
    }

    private ConditionPrompt Resolve(GenerationRequest request, MemoryEntry? entry, float[] row)
    {
        ConditionPrompt prompt = new()
        {
            Uniform = NormalDistribution.Uniform(SeededNoise.MemoryIndex(request.Seed)),
            Snippet = !UsesMemory ? default : entry is not null ? row : Unit(Snippet(request)),
            Label = string.IsNullOrEmpty(request.PromptLabel) ? entry?.Label : request.PromptLabel,
            Values = request.Values ?? new Dictionary<string, ReadOnlyMemory<float>>(),
        };
        return Conditions.Aggregate(prompt, (resolved, condition) => condition.Resolve(resolved));
    }

    /// <summary>The entry's snippet, turned as the options say; each request by itself, so that the batch has no part in it.</summary>
    private float[] Turned(float[] row, int index, SnippetNovelty novelty)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = RandomStream.Create(_requests[index].Seed, RandomPurpose.SnippetNovelty);
        torch.Tensor snippet = torch.tensor(row);
        torch.Tensor towards = torch.randn(row.Length, generator: generator);
        if (novelty.Neighbours > 0)
        {
            double uniform = torch.rand(1, dtype: torch.float64, generator: generator).item<double>();
            long self = _entries[index]!.Value.Index;
            int count = (int)Math.Min(novelty.Neighbours + 1L, _model.Memory.Count);
            long[] others =
                [.. _model.Memory.Nearest(snippet, count)[0].Select(n => n.Index).Where(i => i != self).Take(novelty.Neighbours)];
            towards = others.Length == 0 ? snippet : _model.Memory.Rows([others[(int)(uniform * others.Length)]])[0];
        }

        return [.. SnippetAlgebra.Turned(snippet, towards, novelty.Cosine, novelty.Neighbours > 0).data<float>()];
    }

    private float[][] RowsOfEntries()
    {
        float[][] rows = new float[_requests.Count][];
        int[] drawn = [.. Enumerable.Range(0, rows.Length).Where(i => _entries[i] is not null)];
        if (drawn.Length > 0)
        {
            torch.Tensor all = _model.Memory.Rows([.. drawn.Select(i => _entries[i]!.Value.Index)]);
            float[] values = all.data<float>().ToArray();
            int width = (int)all.shape[1];
            for (int i = 0; i < drawn.Length; i++)
            {
                rows[drawn[i]] = values[(i * width)..((i + 1) * width)];
            }
        }

        return rows;
    }

    private MemoryEntry? Entry(GenerationRequest request) =>
        !UsesMemory || !request.Snippet.IsEmpty || TakesSnippetOfImage(request) ? null
        : _model.Memory.Entry(request.MemoryIndex
            ?? _model.Memory.IndexFromNoise(
                SeededNoise.MemoryIndex(request.Seed), string.IsNullOrEmpty(request.PromptLabel) ? null : request.PromptLabel));

    /// <summary>Whether nothing else says whose memory it is; a label does that where it only picks an entry.</summary>
    private bool TakesSnippetOfImage(GenerationRequest request) =>
        request is { PromptImage: not null, MemoryIndex: null, Snippet.IsEmpty: true }
        && (string.IsNullOrEmpty(request.PromptLabel) || !LabelsOnlyPick);

    private ReadOnlyMemory<float> Snippet(GenerationRequest request)
    {
        if (!TakesSnippetOfImage(request))
        {
            return request.Snippet;
        }

        using torch.Tensor snippet = _model.Encode(request.PromptImage!);
        return snippet.data<float>().ToArray();
    }

    private void Check(GenerationRequest request)
    {
        CheckOnePrompt(request);
        StartingPictures.Check(_model, request);
        if (!UsesMemory
            && (request.MemoryIndex is not null || !request.Snippet.IsEmpty || (request.PromptImage is not null && !request.HasStart)))
        {
            throw new ArgumentException(
                "This model has no memory: its network is not conditioned on snippets. Leave out MemoryIndex, Snippet and PromptImage.");
        }

        if (request.MemoryIndex is { } index && (index < 0 || index >= _model.Memory.Count))
        {
            throw new ArgumentOutOfRangeException(
                nameof(request), index,
                $"MemoryIndex must be from 0 to {_model.Memory.Count - 1}; leave it out to let the seed pick an entry.");
        }

        if (!request.Snippet.IsEmpty)
        {
            CheckSnippet(_model.Memory, request.Snippet.Span);
        }

        if (request.Values?.ContainsKey(ValuesCondition.Name) == true && !Conditions.Any(c => c is ValuesCondition))
        {
            throw new ArgumentException("The request has values, but the model was not trained with any; leave Values out.");
        }

        if (!string.IsNullOrEmpty(request.PromptLabel) && Conditions.All(c => c is AugmentationCondition))
        {
            throw new ArgumentException(
                $"The model is not conditioned on anything, so the label '{request.PromptLabel}' means nothing to it; leave PromptLabel "
                    + "out.");
        }
    }

    private void CheckOnePrompt(GenerationRequest request)
    {
        List<string> given = [];
        if (request.MemoryIndex is { } index)
        {
            given.Add($"MemoryIndex {index}");
        }

        if (!request.Snippet.IsEmpty)
        {
            given.Add("a Snippet");
        }

        if (request.PromptImage is not null && !request.HasStart)
        {
            given.Add("a PromptImage");
        }

        // A network that takes labels is told both; otherwise a label only picks the entry.
        if (!string.IsNullOrEmpty(request.PromptLabel) && LabelsOnlyPick)
        {
            given.Add($"the PromptLabel '{request.PromptLabel}'");
        }

        if (given.Count > 1)
        {
            throw new ArgumentException(
                $"A request has {string.Join(" and ", given)}; give one of them, or none to let the seed pick an entry.");
        }
    }

    private static void CheckSnippet(MemoryBank memory, ReadOnlySpan<float> snippet)
    {
        if (snippet.Length != memory.Dimension)
        {
            throw new ArgumentException($"The Snippet has {snippet.Length} entries, but this model's snippets have {memory.Dimension}.");
        }

        double sum = 0;
        foreach (float x in snippet)
        {
            sum += (double)x * x;
        }

        if (!double.IsFinite(sum))
        {
            throw new ArgumentException("The Snippet has entries that are not finite.");
        }

        if (Math.Sqrt(sum) < SmallestNorm)
        {
            throw new ArgumentException(
                "The Snippet is all zeros (or nearly so), which stands for no memory at all; leave it empty to let the seed pick an "
                    + "entry.");
        }
    }
}
