"""Write formats.json: what two blocks of every GGUF block format dequantize to, by the `gguf` package.

    python make_formats.py

The bytes are random, except that the f16 scales are finite and of ordinary size, some of them negative.
"""

import json
from importlib.metadata import version
from pathlib import Path

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Type

BLOCKS = 2
# Format: byte offsets of the f16 scales in a block.
SCALES = {
    Type.Q4_0: [0],
    Type.Q4_1: [0, 2],
    Type.Q5_0: [0],
    Type.Q5_1: [0, 2],
    Type.Q8_0: [0],
    Type.Q2_K: [80, 82],
    Type.Q3_K: [108],
    Type.Q4_K: [0, 2],
    Type.Q5_K: [0, 2],
    Type.Q6_K: [208],
    Type.IQ4_NL: [0],
}


def main():
    rng = np.random.default_rng(1)
    formats = []
    for kind, offsets in SCALES.items():
        block_size, block_bytes = gguf.GGML_QUANT_SIZES[kind]
        data = rng.integers(0, 256, (BLOCKS, block_bytes), dtype=np.uint8)
        for i, offset in enumerate(offsets):
            scales = rng.uniform(0.01, 2.0, BLOCKS) * np.array([1, -1] if i == 0 else [-1, 1])
            data[:, offset:offset + 2] = scales.astype("<f2")[:, None].view(np.uint8)
        values = gguf.dequantize(data, kind).reshape(-1)
        assert values.dtype == np.float32 and np.isfinite(values).all() and len(values) == BLOCKS * block_size
        formats.append({
            "format": kind.name,
            "type_id": int(kind),
            "block_size": block_size,
            "block_bytes": block_bytes,
            "bytes": data.tobytes().hex(),
            # A float32 printed as a float64: exact.
            "values": [float(v) for v in values],
        })
    result = {"made_by": "gguf " + version("gguf"), "formats": formats}
    (Path(__file__).parent / "formats.json").write_text(json.dumps(result, indent=None, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
