"""Which device a model is trained or served on."""

from typing import Literal

import torch

from app.models.errors import DeviceUnavailable

DeviceChoice = Literal["auto", "cpu", "cuda"]


def choose_device(choice: DeviceChoice) -> torch.device:
    """The device of a setting; `auto` is the GPU if there is one.

    Raises
    ------
    DeviceUnavailable
        If `cuda` is asked for and torch sees none.
    """
    if choice == "cuda" and not torch.cuda.is_available():
        raise DeviceUnavailable(
            "Device 'cuda' was asked for, and torch sees no NVIDIA GPU. Accepted: auto, cpu."
        )
    if choice == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(choice)
