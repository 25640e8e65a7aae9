"""Weights as quantized safetensors keep them: each function gives the tensors of one matrix, by
the end of their names, and the floats that they stand for. Used by architectures.py.

Sources: AutoAWQ's packing_utils.py, AutoGPTQ's qlinear_cuda.py, compressed-tensors' pack_quantized
and the model card of DeepSeek-V3.
"""
import torch

GROUP = 16
FP8_BLOCK = (20, 24)  # rows, columns: the last of each are cut short
FP8_MAX = 448.0


def packed(numbers, bits):
    """Unsigned numbers put into int32 along the last dimension, the first in the low bits."""
    per_word = 32 // bits
    padded = torch.nn.functional.pad(numbers.long(), (0, -numbers.shape[-1] % per_word))
    words = padded.reshape(*padded.shape[:-1], -1, per_word)
    shifted = words << torch.arange(0, 32, bits)
    return shifted.sum(-1).to(torch.int64).to(torch.int32)


def by_group(weight):
    """(n_out, n_groups, GROUP)."""
    return weight.reshape(weight.shape[0], -1, GROUP)


def four_bits(weight):
    """Numbers 0 to 15 of each group with its scale and zero point, and the floats of them."""
    groups = by_group(weight)
    low, high = groups.amin(-1, keepdim=True), groups.amax(-1, keepdim=True)
    scale = ((high - low) / 15).half().float()
    zero = (-low / scale).round().clamp(1, 15)
    numbers = (groups / scale + zero).round().clamp(0, 15)
    floats = ((numbers - zero) * scale).reshape(weight.shape)
    return numbers.reshape(weight.shape), scale[..., 0], zero[..., 0], floats


def awq(weight):
    numbers, scale, zero, floats = four_bits(weight)
    order = torch.tensor([0, 2, 4, 6, 1, 3, 5, 7])

    def words(values):  # (n, n_out): eight outputs a word, in that order
        return packed(values.reshape(values.shape[0], -1, 8)[..., order].flatten(1), 4)

    return {"qweight": words(numbers.T), "qzeros": words(zero.T),
            "scales": scale.T.half()}, floats


def gptq(weight, zero_offset=1, order=None):
    """`order`: the inputs in the order in which they were grouped."""
    order = torch.arange(weight.shape[1]) if order is None else order
    numbers, scale, zero, floats = four_bits(weight[:, order])
    group_of = torch.empty(len(order), dtype=torch.int32)
    group_of[order] = (torch.arange(len(order)) // GROUP).int()
    back = order.argsort()
    return {"qweight": packed(numbers[:, back], 4).T, "qzeros": packed(zero.T - zero_offset, 4),
            "scales": scale.T.half(), "g_idx": group_of}, floats[:, back]


def gptq_v2(weight):
    torch.manual_seed(11)
    return gptq(weight, 0, torch.randperm(weight.shape[1]))


def packed_int4(weight):
    numbers, scale, zero, floats = four_bits(weight)
    return {"weight_packed": packed(numbers, 4), "weight_scale": scale.half(),
            "weight_zero_point": packed(zero.T, 4).T,
            "weight_shape": torch.tensor(weight.shape)}, floats


def symmetric(weight, scale, bits):
    return (weight / scale).round().clamp(-(1 << bits - 1), (1 << bits - 1) - 1)


def packed_int8(weight):
    groups = by_group(weight)
    scale = (groups.abs().amax(-1, keepdim=True) / 127).bfloat16().float()
    numbers = symmetric(groups, scale, 8)
    return {"weight_packed": packed(numbers.reshape(weight.shape) + 128, 8),
            "weight_scale": scale[..., 0].bfloat16(),
            "weight_shape": torch.tensor(weight.shape)}, (numbers * scale).reshape(weight.shape)


def int8(weight):
    scale = (weight.abs().amax(-1, keepdim=True) / 127).bfloat16().float()
    numbers = symmetric(weight, scale, 8)
    return {"weight": numbers.to(torch.int8), "weight_scale": scale.bfloat16()}, numbers * scale


def int8_group(weight):
    """Of every group its own range: with zero points."""
    groups = by_group(weight)
    low, high = groups.amin(-1, keepdim=True), groups.amax(-1, keepdim=True)
    scale = ((high - low) / 255).bfloat16().float()
    zero = (-128 - low / scale).round().clamp(-128, 127)
    numbers = (groups / scale + zero).round().clamp(-128, 127)
    return {"weight": numbers.reshape(weight.shape).to(torch.int8),
            "weight_scale": scale[..., 0].bfloat16(),
            "weight_zero_point": zero[..., 0].to(torch.int8)}, \
        ((numbers - zero) * scale).reshape(weight.shape)


def int8_tensor(weight):
    """One scale and one zero point for all."""
    low, high = weight.min(), weight.max()
    scale = (high - low) / 255
    zero = (-128 - low / scale).round().clamp(-128, 127)
    numbers = (weight / scale + zero).round().clamp(-128, 127)
    return {"weight": numbers.to(torch.int8), "weight_scale": scale.reshape(1),
            "weight_zero_point": zero.reshape(1).to(torch.int8)}, (numbers - zero) * scale


def fp8(weight, scale, spread, end="weight_scale"):
    numbers = (weight / spread).to(torch.float8_e4m3fn)
    return {"weight": numbers, end: scale}, numbers.float() * spread


def fp8_tensor(weight):
    scale = weight.abs().amax() / FP8_MAX
    return fp8(weight, scale, scale)


def fp8_channel(weight):
    scale = weight.abs().amax(-1, keepdim=True) / FP8_MAX
    return fp8(weight, scale, scale)


def fp8_group(weight):
    scale = by_group(weight).abs().amax(-1) / FP8_MAX
    return fp8(weight, scale, scale.repeat_interleave(GROUP, 1))


def fp8_block(weight):
    (n_out, n_in), (rows, columns) = weight.shape, FP8_BLOCK
    pad = torch.nn.functional.pad(weight.abs(), (0, -n_in % columns, 0, -n_out % rows))
    blocks = pad.reshape(pad.shape[0] // rows, rows, pad.shape[1] // columns, columns)
    scale = blocks.amax((1, 3)) / FP8_MAX
    spread = scale.repeat_interleave(rows, 0)[:n_out].repeat_interleave(columns, 1)[:, :n_in]
    return fp8(weight, scale, spread, "weight_scale_inv")


def compressed(form, **weights):
    """With what it says of the weights of all layers, if anything."""
    groups = {"config_groups": {"group_0": {"targets": ["Linear"], "weights": weights}}}
    return {"quant_method": "compressed-tensors", "format": form, **(groups if weights else {})}


# What each is called, how it is made, and its quantization_config.
KINDS = {
    "awq": (awq, {"quant_method": "awq", "bits": 4, "group_size": GROUP, "version": "gemm"}),
    "gptq": (gptq, {"quant_method": "gptq", "bits": 4, "group_size": GROUP}),
    "gptq-v2": (gptq_v2, {"quant_method": "gptq", "bits": 4, "group_size": GROUP,
                          "desc_act": True, "checkpoint_format": "gptq_v2"}),
    "int4": (packed_int4, compressed("pack-quantized")),
    "int8-packed": (packed_int8, compressed("pack-quantized")),
    "int8": (int8, compressed("int-quantized")),
    "int8-group": (int8_group, compressed(
        "int-quantized", num_bits=8, strategy="group", group_size=GROUP, symmetric=False)),
    "int8-tensor": (int8_tensor, compressed(
        "int-quantized", num_bits=8, strategy="tensor", symmetric=False)),
    "fp8-tensor": (fp8_tensor, compressed("float-quantized")),
    "fp8-channel": (fp8_channel, {"quant_method": "fbgemm_fp8"}),
    "fp8-group": (fp8_group, compressed(
        "float-quantized", num_bits=8, type="float", strategy="group", group_size=GROUP)),
    "fp8-block": (fp8_block, {"quant_method": "fp8", "weight_block_size": list(FP8_BLOCK)}),
}
