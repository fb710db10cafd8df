using System.Globalization;

/// <summary>The arguments of a benchmark: names, each followed by its value.</summary>
internal sealed class Arguments(string[] args)
{
    public string Text(string name, string otherwise)
    {
        int at = Array.IndexOf(args, name);
        return at >= 0 && at + 1 < args.Length ? args[at + 1] : otherwise;
    }

    public int Number(string name, int otherwise) =>
        int.Parse(Text(name, otherwise.ToString(CultureInfo.InvariantCulture)), CultureInfo.InvariantCulture);

    public double Number(string name, double otherwise) =>
        double.Parse(Text(name, otherwise.ToString("r", CultureInfo.InvariantCulture)), CultureInfo.InvariantCulture);
}
