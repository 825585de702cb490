"""The number format follows from the properties of a device."""

import pytest
import torch

from latentbook_decoders.models.device import choose_dtype

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("flags", "dtype"),
    [
        ({"avx2": True, "avx512_f": True, "amx_bf16": False, "avx512_bf16": False}, "float32"),
        ({"avx512_bf16": True}, "bfloat16"),
        ({"amx_bf16": True}, "bfloat16"),
        ({"architecture": "aarch64", "bf16": True}, "bfloat16"),
    ],
)
def test_a_cpu_that_multiplies_bfloat16_is_served_with_it(monkeypatch, flags, dtype):
    monkeypatch.setattr("torch.cpu.get_capabilities", lambda: flags)
    assert choose_dtype("auto", CPU) == dtype
    assert choose_dtype("float32", CPU) == "float32"
    assert choose_dtype("bfloat16", CPU) == "bfloat16"


@pytest.mark.parametrize(("capability", "dtype"), [((7, 5), "float32"), ((9, 0), "bfloat16")])
def test_a_gpu_is_asked_for_its_capability(monkeypatch, capability, dtype):
    monkeypatch.setattr("torch.cuda.get_device_capability", lambda device: capability)
    assert choose_dtype("auto", torch.device("cuda")) == dtype
    assert choose_dtype("auto", torch.device("mps")) == "float32"
