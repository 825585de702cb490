"""Write cards, which record how a file was made."""

import json
import os
import platform
from importlib.metadata import version
from pathlib import Path

import torch
from torch import Tensor

from latentbook_decoders.models.cards import Card


def write_card(path: Path, card: Card) -> None:
    """Write a card: UTF-8, two spaces, one newline at the end."""
    path.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def made_on(device: torch.device) -> Card:
    """The machine and libraries that made a file."""
    if device.type == "cuda":
        hardware = torch.cuda.get_device_name(device)
    else:
        hardware = f"{cpu_name()}, {torch.get_num_threads()} of {os.cpu_count()} threads"
    return {"hardware": hardware, "torch": torch.__version__, "numpy": version("numpy")}


def cpu_name() -> str:
    """The processor's name, if the system reports it."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def mean_and_error(values: Tensor) -> Card:
    """Mean over images and its standard error.

    Parameters
    ----------
    values : Tensor of shape (n,), one number per image
    """
    error = values.double().std().item() / len(values) ** 0.5
    return {
        "mean": round(values.double().mean().item(), 4),
        "standard_error": round(error, 4),
    }
