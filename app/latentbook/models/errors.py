"""What can go wrong with a model; messages name what came and what is accepted."""

from typing import Any

from latentbook.errors import LatentbookError


class ModelError(LatentbookError):
    """Base of all errors of `latentbook.models`."""


class UnknownModel(ModelError):
    """A name that no model has."""

    def __init__(self, name: str, accepted: tuple[str, ...]) -> None:
        super().__init__(f"There is no model {name!r}. Accepted names: {', '.join(accepted)}.")
        self.name = name
        self.accepted = accepted

    def __reduce__(self) -> tuple[Any, ...]:
        """For pickle, which would give the message to the constructor."""
        return type(self), (self.name, self.accepted)


class WeightsMissing(ModelError):
    """The weights or the card of a model are not there."""


class WeightsMismatch(ModelError):
    """The weights are not those that the card or the architecture describes."""


class FullDataMissing(ModelError):
    """The codes of all images are not there."""


class DeviceUnavailable(ModelError):
    """A device was asked for that this machine does not have."""
