"""Which device a model is trained or served on."""

import torch

from latentbook.models.errors import DeviceUnavailable
from latentbook.settings import DeviceChoice, Dtype, DtypeChoice

AMPERE = (8, 0)
"""The first CUDA capability whose multipliers take bfloat16."""

MULTIPLIES_BFLOAT16 = ("amx_bf16", "avx512_bf16", "bf16")
"""Flags of processors that multiply bfloat16 themselves; the last is of ARM."""


def choose_device(choice: DeviceChoice) -> torch.device:
    """The device of a setting; `auto` is the NVIDIA GPU if there is one, else the CPU.

    Raises
    ------
    DeviceUnavailable
        If `cuda` or `mps` is asked for and torch sees no such GPU.
    """
    gpus = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if choice == "auto":
        return torch.device("cuda" if gpus["cuda"] else "cpu")
    if not gpus.get(choice, True):
        accepted = ("auto", "cpu", *(name for name, there in gpus.items() if there))
        raise DeviceUnavailable(
            f"Device {choice!r} was asked for, and torch sees no such GPU. "
            f"Accepted here: {', '.join(accepted)}."
        )
    return torch.device(choice)


def choose_dtype(choice: DtypeChoice, device: torch.device) -> Dtype:
    """The number format of a setting; `auto` is bfloat16 where the device multiplies it itself.

    It follows from what the device says of itself and never from a timing: equal machines
    choose alike, whatever else they do at the time.
    """
    if choice != "auto":
        return choice
    if device.type == "cuda":
        ours = torch.cuda.get_device_capability(device) >= AMPERE
    else:
        able = torch.cpu.get_capabilities()
        ours = device.type == "cpu" and any(able.get(flag) for flag in MULTIPLIES_BFLOAT16)
    return "bfloat16" if ours else "float32"


def kernels(device: torch.device) -> str:
    """What decides how a device rounds: its kind, and by what its kernels choose their order."""
    if device.type == "cuda":
        return f"cuda {torch.cuda.get_device_name(device)}"
    if device.type == "cpu":
        said = torch.cpu.get_capabilities().items()
        about = sorted((key, value) for key, value in said if not key.startswith("num_"))
        return f"cpu {torch.backends.cpu.get_cpu_capability()} {about}"
    return device.type
