#!/usr/bin/env python3
"""Scoring by the int8 autoencoder 68-24-8-24-68 beside onnxruntime in fp32 on the same layer sizes, one thread.

    scripts/bench.d/scoring.py [ROUNDS]

Needs clang and PyPI's numpy, onnx and onnxruntime. Prints the median time a row of interleaved rounds. Ours is rows of
bytes to scores; onnxruntime's is rows of floats to their reconstruction (hyperbolic tangent between the layers), without
the error and its sum. Both include one call from Python a batch.
"""

import ctypes
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

SIZES = [68, 24, 8, 24, 68]
VARIANTS = ["portable C", "AVX2", "AVX-VNNI", "AVX-512 VNNI"]
BATCHES = [64, 256, 1024, 4096]
KERNEL = pathlib.Path(__file__).resolve().parents[2] / "Sources" / "CInt8Kernel"


class Layer(ctypes.Structure):
    _fields_ = [("inputs", ctypes.c_uint32), ("outputs", ctypes.c_uint32), ("weights", ctypes.c_void_p),
                ("biases", ctypes.c_void_p), ("multipliers", ctypes.c_void_p)]


def kernel(folder):
    """Our kernel as a library, compiled as a release build does."""
    path = f"{folder}/kernel.so"
    subprocess.run(["clang", "-O2", "-std=gnu2x", "-shared", "-fPIC", f"-I{KERNEL}/include",
                    *map(str, sorted(KERNEL.glob("*.c"))), "-o", path], check=True)
    library = ctypes.CDLL(path)
    library.int8_network_create.restype = ctypes.c_void_p
    library.int8_network_score.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t,
                                           ctypes.c_void_p]
    return library


def int8_network(library, random):
    layers, kept = (Layer * 4)(), []
    for index, (inputs, outputs) in enumerate(zip(SIZES, SIZES[1:])):
        arrays = [random.integers(-127, 128, (outputs, inputs), dtype=np.int8),
                  random.integers(-1000, 1000, outputs, dtype=np.int32),
                  random.integers(0, 400_000, outputs, dtype=np.int32)]
        layers[index] = Layer(inputs, outputs, *(array.ctypes.data for array in arrays))
        kept.append(arrays)
    scales = random.integers(0, 41_282, SIZES[-1], dtype=np.int32)
    return library.int8_network_create(layers, 4, scales.ctypes.data_as(ctypes.c_void_p))


def float_network(random):
    nodes, tensors, value = [], [], "x"
    for index, (inputs, outputs) in enumerate(zip(SIZES, SIZES[1:])):
        weights = random.normal(0, 0.2, (inputs, outputs)).astype(np.float32)
        tensors += [numpy_helper.from_array(weights, f"w{index}"),
                    numpy_helper.from_array(np.zeros(outputs, np.float32), f"b{index}")]
        nodes.append(helper.make_node("Gemm", [value, f"w{index}", f"b{index}"], [f"y{index}"]))
        value = f"y{index}"
        if index < 3:
            nodes.append(helper.make_node("Tanh", [value], [f"t{index}"]))
            value = f"t{index}"
    graph = helper.make_graph(
        nodes, "autoencoder", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", SIZES[0]])],
        [helper.make_tensor_value_info(value, TensorProto.FLOAT, ["n", SIZES[-1]])], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def nanoseconds(work, rows):
    """The time a row of enough calls for a few milliseconds."""
    calls = max(1, 20_000 // rows)
    start = time.perf_counter_ns()
    for _ in range(calls):
        work()
    return (time.perf_counter_ns() - start) / calls / rows


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    random = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        library = kernel(folder)
    network, session = int8_network(library, random), float_network(random)
    variants = [index for index in range(len(VARIANTS)) if library.int8_supports(index)]
    print(f"autoencoder {'-'.join(map(str, SIZES))}, ns a row, one thread, median of {rounds} interleaved rounds")
    print(f"{'rows':>6} {'onnxruntime ' + onnxruntime.__version__:>20}", *(f"{VARIANTS[v]:>13}" for v in variants),
          f"{'ratio':>7}")
    for count in BATCHES:
        places = random.integers(-127, 128, (count, SIZES[0]), dtype=np.int8)
        floats = places.astype(np.float32) * np.float32(8 / 127)
        scores = np.empty(count, np.int32)
        row, score = places.ctypes.data, scores.ctypes.data
        works = [lambda: session.run(None, {"x": floats})]
        works += [lambda v=v: library.int8_network_score(network, v, row, count, score) for v in variants]
        times = [[] for _ in works]
        for _ in range(rounds):
            for work, taken in zip(works, times):
                taken.append(nanoseconds(work, count))
        medians = [statistics.median(taken) for taken in times]
        print(f"{count:>6} {medians[0]:>20.1f}", *(f"{median:>13.1f}" for median in medians[1:]),
              f"{medians[0] / medians[-1]:>6.2f}x")


if __name__ == "__main__":
    main()
