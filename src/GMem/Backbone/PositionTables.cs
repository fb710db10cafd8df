namespace GMem.Backbone;

/// <summary>Fixed tables of the token positions, computed in float64. Tokens are in row-major order.</summary>
internal static class PositionTables
{
    /// <summary>
    /// Two-dimensional sine-cosine positions: a quarter of the entries each for sines and cosines of the column, then of the row,
    /// at frequencies <c>10000^(-i / quarter)</c> (MAE and DiT).
    /// </summary>
    /// <returns><c>[1, T, D]</c>, float64, on the CPU.</returns>
    public static torch.Tensor SineCosine((int Rows, int Columns) grid, int hidden)
    {
        int quarter = hidden / 4;
        int tokens = grid.Rows * grid.Columns;
        double[] table = new double[tokens * hidden];
        for (int token = 0; token < tokens; token++)
        {
            Span<double> entry = table.AsSpan(token * hidden, hidden);
            FillWave(entry[..(2 * quarter)], token % grid.Columns);
            FillWave(entry[(2 * quarter)..], token / grid.Columns);
        }

        return torch.tensor(table, [1, tokens, hidden], dtype: torch.float64);
    }

    /// <summary>
    /// Angles of the two-dimensional rotary embedding: the first half of a head's entries turns with the row, the second with the
    /// column; two neighbouring entries form a pair and share an angle, at frequencies <c>10000^(-2 i / half)</c> (EVA-02, LightningDiT).
    /// </summary>
    /// <returns><c>[T, head]</c>, float64, on the CPU.</returns>
    public static torch.Tensor RotaryAngles((int Rows, int Columns) grid, int head)
    {
        int half = head / 2;
        int tokens = grid.Rows * grid.Columns;
        double[] table = new double[tokens * head];
        for (int token = 0; token < tokens; token++)
        {
            Span<double> entry = table.AsSpan(token * head, head);
            for (int i = 0; i < half; i++)
            {
                double frequency = Math.Pow(10000, -(double)(i / 2 * 2) / half);
                entry[i] = token / grid.Columns * frequency;
                entry[half + i] = token % grid.Columns * frequency;
            }
        }

        return torch.tensor(table, [tokens, head], dtype: torch.float64);
    }

    private static void FillWave(Span<double> entry, int position)
    {
        int quarter = entry.Length / 2;
        for (int i = 0; i < quarter; i++)
        {
            (entry[i], entry[quarter + i]) = Math.SinCos(position * Math.Pow(10000, -(double)i / quarter));
        }
    }
}
