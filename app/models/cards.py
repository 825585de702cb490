"""Cards: the JSON beside every file of weights or exported arrays that says how it was made."""

import hashlib
import json
import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

Card = dict[str, Any]
"""The content of one card; the keys are those of the JSON files."""


def sha256(content: bytes) -> str:
    """Hexadecimal sha256."""
    return hashlib.sha256(content).hexdigest()


def read_card(path: Path) -> Card:
    """The content of a card."""
    card: Card = json.loads(path.read_text(encoding="utf-8"))
    return card


def write_card(path: Path, card: Card) -> None:
    """Write a card: UTF-8, two spaces, one newline at the end."""
    path.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def made_on(device: torch.device) -> Card:
    """The machine and the libraries that made a file."""
    if device.type == "cuda":
        hardware = torch.cuda.get_device_name(device)
    else:
        hardware = f"{cpu_name()}, {torch.get_num_threads()} of {os.cpu_count()} threads"
    return {"hardware": hardware, "torch": torch.__version__, "numpy": version("numpy")}


def cpu_name() -> str:
    """The processor's own name where the system tells it."""
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
    values : Tensor of shape (n,), one number an image
    """
    error = values.double().std().item() / len(values) ** 0.5
    return {
        "mean": round(values.double().mean().item(), 4),
        "standard_error": round(error, 4),
    }
