namespace GMem.Memory;

/// <summary>Reads a tensor of 32-bit floats that belongs to a bank's storage.</summary>
/// <param name="name">Its name in the bank file.</param>
/// <param name="shape">The sizes it must have; -1 for any.</param>
/// <returns>Its elements in row-major order.</returns>
/// <exception cref="InvalidDataException">The file has no such tensor, or one of another type or shape.</exception>
public delegate float[] ReadStorageTensor(string name, params long[] shape);
