"""Choose the device and the number format of a model."""

import torch

from latentbook_decoders.models.errors import DeviceUnavailable
from latentbook_decoders.settings import DeviceChoice, Dtype, DtypeChoice

AMPERE = (8, 0)
"""The first CUDA capability with bfloat16 multipliers."""

MULTIPLIES_BFLOAT16 = ("amx_bf16", "avx512_bf16", "bf16")
"""Flags of processors that multiply bfloat16 in hardware; the last is ARM's."""


def choose_device(choice: DeviceChoice) -> torch.device:
    """The device of a setting; `auto` is the NVIDIA GPU if there is one, else the CPU.

    Raises
    ------
    DeviceUnavailable
        If `cuda` or `mps` is requested and torch sees no such GPU.
    """
    gpus = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if choice == "auto":
        return torch.device("cuda" if gpus["cuda"] else "cpu")
    if not gpus.get(choice, True):
        accepted = ("auto", "cpu", *(name for name, there in gpus.items() if there))
        raise DeviceUnavailable(
            f"Device {choice!r} was requested, but torch sees no such GPU. "
            f"Accepted here: {', '.join(accepted)}."
        )
    return torch.device(choice)


def choose_dtype(choice: DtypeChoice, device: torch.device) -> Dtype:
    """The number format of a setting; `auto` is bfloat16 if the device multiplies it in hardware.

    The device's report decides, not a timing: equal machines choose the same, however busy.
    """
    if choice != "auto":
        return choice
    if device.type == "cuda":
        fast = torch.cuda.get_device_capability(device) >= AMPERE
    else:
        able = torch.cpu.get_capabilities()
        fast = device.type == "cpu" and any(able.get(flag) for flag in MULTIPLIES_BFLOAT16)
    return "bfloat16" if fast else "float32"


def kernels(device: torch.device) -> str:
    """The properties that decide how a device rounds: its kind and its kernels' features."""
    if device.type == "cuda":
        return f"cuda {torch.cuda.get_device_name(device)}"
    if device.type == "cpu":
        reported = torch.cpu.get_capabilities().items()
        features = sorted((key, value) for key, value in reported if not key.startswith("num_"))
        return f"cpu {torch.backends.cpu.get_cpu_capability()} {features}"
    return device.type
