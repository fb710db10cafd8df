namespace GMem.Model;

/// <summary>From the labels of images to the classes of a label-conditioned network.</summary>
internal static class ClassLabels
{
    /// <summary>The classes in the order of their numbers: those of the initial model, else all labels in ordinal order.</summary>
    /// <exception cref="ArgumentException">There are no labels, an image has none, or the initial model does not know one.</exception>
    public static string[] Names(IReadOnlyList<string>? labels, GMemModel? initial)
    {
        if (labels is null)
        {
            throw new ArgumentException("Network.Condition is Label, but the images have no labels. Give each image a label, or condition on snippets (the default).");
        }

        int missing = labels.TakeWhile(l => !string.IsNullOrEmpty(l)).Count();
        if (missing < labels.Count)
        {
            throw new ArgumentException($"Network.Condition is Label, but image {missing} (counted from 0) has no label.");
        }

        string[] names = [.. labels.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        if (initial is null)
        {
            return names;
        }

        string[] known = ClassBank.Names(initial.Memory);
        string[] unknown = [.. names.Except(known, StringComparer.Ordinal)];
        return unknown.Length == 0 ? known : throw new ArgumentException(
            $"The initial model does not know the label{(unknown.Length == 1 ? "" : "s")} {string.Join(", ", unknown.Take(10).Select(n => $"'{n}'"))}; its classes are {string.Join(", ", known.Take(10).Select(n => $"'{n}'"))}{(known.Length > 10 ? ", ..." : "")}.");
    }

    public static long[] Numbers(IReadOnlyList<string> labels, string[] names)
    {
        Dictionary<string, long> numbers = new(StringComparer.Ordinal);
        for (int i = 0; i < names.Length; i++)
        {
            _ = numbers.TryAdd(names[i], i);
        }

        return [.. labels.Select(l => numbers[l])];
    }
}
