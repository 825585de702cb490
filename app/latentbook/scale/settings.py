"""The settings of decoder replicas."""

from pydantic import Field

from latentbook.settings import PluginSettings, option


class ReplicaSettings(PluginSettings):
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
