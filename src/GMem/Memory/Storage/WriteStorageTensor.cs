namespace GMem.Memory;

/// <summary>Writes a tensor of 32-bit floats that belongs to a bank's storage.</summary>
/// <param name="name">Its name in the bank file, which no other tensor of the bank may have.</param>
/// <param name="values">Its elements in row-major order.</param>
/// <param name="shape">Its sizes.</param>
public delegate void WriteStorageTensor(string name, float[] values, params long[] shape);
