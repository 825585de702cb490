"""Which device a model is trained or served on."""

from typing import Literal

import torch

from app.models.errors import DeviceUnavailable

DeviceChoice = Literal["auto", "cpu", "cuda", "mps"]


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
