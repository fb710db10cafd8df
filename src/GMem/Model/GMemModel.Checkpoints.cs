using GMem.Memory;

namespace GMem;

/// <content>Checkpoints of the public code.</content>
public sealed partial class GMemModel
{
    /// <summary>Makes a model of an official checkpoint of GMem, SiT or LightningDiT, which it must fit tensor by tensor.</summary>
    /// <param name="path">
    /// A <c>.safetensors</c> file or a PyTorch checkpoint (<c>.pth</c>, <c>.pt</c>, <c>.ckpt</c>, <c>.bin</c>): a state dictionary, or a
    /// training checkpoint with one under <c>ema</c>, <c>model</c> or <c>state_dict</c>. Prefixes of parallel training and compilation are
    /// taken off. Nothing in it is executed.
    /// </param>
    /// <param name="memory">
    /// The bank that the network was trained with; null for one that is conditioned on class labels or nothing.
    /// </param>
    /// <param name="options">What the file does not say; null for the defaults.</param>
    /// <param name="device">Where the network is put; null takes the CPU.</param>
    /// <returns>The model; dispose it.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">
    /// It holds no such network; the message names all tensors that are missing, unexpected or of another shape.
    /// </exception>
    /// <exception cref="ArgumentException">The options, the bank or the autoencoder do not fit the network.</exception>
    /// <exception cref="NotSupportedException">The extension names no format that can be read.</exception>
    public static GMemModel FromCheckpoint(
        string path, MemoryBank? memory = null, CheckpointOptions? options = null, torch.Device? device = null)
    {
        GMemRuntime.EnsureLoaded();
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new CheckpointOptions();
        options.Validate();
        return CheckpointModel.Load(path, memory, options, device ?? torch.CPU);
    }

    /// <summary>
    /// Writes the network's weights as safetensors under the names of the public code, which loads them
    /// (<c>safetensors.torch.load_file</c>, then <c>load_state_dict</c>), as does <see cref="FromCheckpoint"/>. The bank is written by
    /// <see cref="MemoryBank.Save(string)"/>.
    /// </summary>
    /// <remarks>
    /// The snippet scale, which the public code does not have, is multiplied into the projection of the snippets. What tells the network of
    /// augmentation in training adds nothing in generation and is left out.
    /// </remarks>
    /// <param name="path">The file; an existing one is replaced only when the new one is complete.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void ExportCheckpoint(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using UseScope use = Use();
        if (Core.Source is not null)
        {
            throw new InvalidOperationException(
                "The model was trained with Training.Source, a start of the flow that the public checkpoints have no place for; save it "
                + "with Save.");
        }

        if (Network.IsFlowMap)
        {
            throw new InvalidOperationException(
                "The model is a flow map (Training.FlowMap), whose second time the public checkpoints have no place for; save it with "
                + "Save.");
        }

        CheckpointModel.Save(path, Core.Network);
    }
}
