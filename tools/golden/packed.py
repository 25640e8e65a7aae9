#!/usr/bin/env python3
"""Write tests/data/packed.golden: small AWQ, GPTQ, compressed-tensors and FP8
weights and their floats.

usage: packed.py AUTOAWQ AUTO_GPTQ COMPRESSED_TENSORS OUT

The first three are the unpacked PyPI packages autoawq 0.2.9 (sdist), auto_gptq 0.7.1 and
compressed_tensors 0.20.0; torch, transformers, loguru and psutil must be installed. Scales are
float32 throughout, so that the reference computes in float32.

The file: records of name (8 bytes), n_in, n_out, group (u32), number of tensors (u32); then each
tensor as size in bytes (u32) and bytes, the last of them the float32 weights (n_out, n_in).
"""

import importlib.util
import struct
import sys

import torch


def load(path):
    spec = importlib.util.spec_from_file_location("module", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def words(*shape):
    return torch.randint(-(2**31), 2**31, shape, dtype=torch.int64).to(torch.int32)


def scales(*shape):
    return torch.randn(shape) * 0.05


def record(out, name, n_in, n_out, group, *tensors):
    out.write(struct.pack("<8s4I", name.encode(), n_in, n_out, group, len(tensors)))
    for t in tensors:
        raw = t.contiguous().view(torch.uint8).numpy().tobytes()
        out.write(struct.pack("<I", len(raw)) + raw)


def awq(out, package, n_in, n_out, group):
    q, z, s = (
        words(n_in, n_out // 8),
        words(n_in // group, n_out // 8),
        scales(n_in // group, n_out),
    )
    weight = load(package + "/awq/utils/packing_utils.py").dequantize_gemm(q, z, s, 4, group)
    record(out, "awq", n_in, n_out, group, q, z, s, weight.T)


def gptq(out, package, n_in, n_out, group, act_order):
    q, z, s = (
        words(n_in // 8, n_out),
        words(n_in // group, n_out // 8),
        scales(n_in // group, n_out),
    )
    name = "qlinear_cuda" if act_order else "qlinear_cuda_old"
    linear = load(f"{package}/auto_gptq/nn_modules/qlinear/{name}.py").QuantLinear(
        4, group, n_in, n_out, False
    )
    linear.g_idx = (torch.arange(n_in) // group)[torch.randperm(n_in)].to(torch.int32)
    if act_order:
        z = z & 0x77777777  # the two references differ about a stored 15
    linear.qweight, linear.qzeros, linear.scales = q, z, s
    weight = linear(torch.eye(n_in))
    record(
        out,
        "gptq_act" if act_order else "gptq",
        n_in,
        n_out,
        group,
        q,
        z,
        s,
        linear.g_idx,
        weight.T,
    )


def compressed(out, n_in, n_out, group, bits, symmetric):
    from compressed_tensors.compressors.pack_quantized.helpers import pack_to_int32
    from compressed_tensors.quantization import QuantizationArgs, dequantize

    low, high = -(1 << bits - 1), 1 << bits - 1
    quants = torch.randint(low, high, (n_out, n_in)).to(torch.int8)
    zero = None if symmetric else torch.randint(low, high, (n_out, n_in // group)).to(torch.int8)
    s = scales(n_out, n_in // group)
    args = QuantizationArgs(num_bits=bits, symmetric=symmetric, strategy="group", group_size=group)
    weight = dequantize(quants, s, zero, args)
    packed_zero = torch.zeros(0) if symmetric else pack_to_int32(zero, bits, 0)
    record(
        out,
        f"ct{bits}{'' if symmetric else '_zp'}",
        n_in,
        n_out,
        group,
        pack_to_int32(quants, bits),
        packed_zero,
        s,
        weight,
    )


def int8(out, n_in, n_out, group, symmetric):
    from compressed_tensors.quantization import QuantizationArgs, dequantize

    n_groups = n_in // group
    quants = torch.randint(-128, 128, (n_out, n_in)).to(torch.int8)
    zero = None if symmetric else torch.randint(-128, 128, (n_out, n_groups)).to(torch.int8)
    s = scales(n_out, n_groups)
    by = {"strategy": "channel"} if n_groups == 1 else {"strategy": "group", "group_size": group}
    args = QuantizationArgs(num_bits=8, symmetric=symmetric, **by)
    weight = dequantize(quants, s, zero, args)
    stored_zero = torch.zeros(0) if symmetric else zero
    record(out, "int8", n_in, n_out, group, quants, stored_zero, s, weight)


def fp8(out, n_in, n_out, rows, columns):
    quants = (torch.randn(n_out, n_in) * 20).to(torch.float8_e4m3fn)
    s = scales(-(-n_out // rows), -(-n_in // columns))
    spread = s.repeat_interleave(rows, 0)[:n_out].repeat_interleave(columns, 1)[:, :n_in]
    record(out, f"fp8_{rows}", n_in, n_out, columns, quants, s, quants.float() * spread)


def main():
    awq_package, gptq_package, ct_package, path = sys.argv[1:]
    sys.path.insert(0, ct_package)
    torch.manual_seed(21)
    with open(path, "wb") as out:
        awq(out, awq_package, 64, 24, 32)
        gptq(out, gptq_package, 64, 24, 32, False)
        gptq(out, gptq_package, 64, 24, 16, True)
        for bits in 4, 8:
            for symmetric in True, False:
                compressed(out, 64, 20, 32, bits, symmetric)
        int8(out, 48, 6, 48, False)
        fp8(out, 40, 6, 6, 40)  # one scale for the tensor
        fp8(out, 40, 6, 1, 40)  # for each channel
        fp8(out, 44, 20, 16, 16)  # for each block, as 128 x 128 of DeepSeek
        for symmetric in True, False:
            int8(out, 48, 6, 16, symmetric)


if __name__ == "__main__":
    main()
