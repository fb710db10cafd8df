using System.Numerics;
using System.Runtime.InteropServices;

namespace GMem.Memory;

/// <summary>Keeps the k largest of a row of cosines that arrives in pieces. Of equal ones it keeps those of lower index.</summary>
internal sealed class NearestEntries(int count)
{
    // The worst that is kept comes out first: the smallest cosine and, of equal ones, the highest index.
    private readonly PriorityQueue<int, (float Cosine, int Negative)> _kept = new();
    private float _threshold = float.NegativeInfinity;

    /// <summary>Takes the cosines of consecutive entries. Entries must arrive in ascending order.</summary>
    public void Take(int start, ReadOnlySpan<float> cosines)
    {
        int i = 0;
        for (; i <= cosines.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            // Nearly always none is good enough, and one comparison says so.
            if (Vector.GreaterThanAny(new Vector<float>(cosines[i..]), new Vector<float>(_threshold)))
            {
                for (int j = i; j < i + Vector<float>.Count; j++)
                {
                    Offer(start + j, cosines[j]);
                }
            }
        }

        for (; i < cosines.Length; i++)
        {
            Offer(start + i, cosines[i]);
        }
    }

    /// <summary>What was kept, best first.</summary>
    public (int Index, float Cosine)[] Sorted() => [.. _kept.UnorderedItems
        .Select(item => (Index: item.Element, item.Priority.Cosine))
        .OrderByDescending(item => item.Cosine).ThenBy(item => item.Index)];

    private void Offer(int index, float cosine)
    {
        if (!(cosine > _threshold))
        {
            return;
        }

        if (_kept.Count < count)
        {
            _kept.Enqueue(index, (cosine, -index));
        }
        else
        {
            _kept.EnqueueDequeue(index, (cosine, -index));
        }

        if (_kept.Count == count && _kept.TryPeek(out _, out (float Cosine, int Negative) worst))
        {
            _threshold = worst.Cosine;
        }
    }
}
