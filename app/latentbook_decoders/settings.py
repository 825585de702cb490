"""The settings of the decoders."""

from typing import Literal

from pydantic import Field

from latentbook.settings import PluginSettings, option

DeviceChoice = Literal["auto", "cpu", "cuda", "mps"]
Dtype = Literal["float32", "bfloat16"]
DtypeChoice = Literal["auto", "float32", "bfloat16"]


class DecoderSettings(PluginSettings):
    device: DeviceChoice = option(
        "--device",
        "auto",
        description="Where decoders run; auto uses an NVIDIA GPU if there is one, else the CPU.",
    )
    dtype: DtypeChoice = Field(
        default="auto",
        description=(
            "Number format of the decoders; auto uses bfloat16 if the processor or GPU reports "
            "that it multiplies bfloat16 in hardware, else float32."
        ),
    )
    queue_size: int = Field(
        default=64, gt=0, description="Requests that may wait for a decoder; further ones get 503."
    )
    replicas: int = option(
        "--replicas",
        0,
        ge=0,
        description="Decoder processes run by Ray Serve; 0 decodes in the server itself.",
    )
    max_replicas: int = Field(
        default=0,
        ge=0,
        description="While requests queue, replicas are added up to this number; 0 adds none.",
    )
    gpus_per_replica: float = Field(
        default=0,
        ge=0,
        description="GPUs per replica: 0.5 puts two on one GPU; 0 decodes on CPUs.",
    )
