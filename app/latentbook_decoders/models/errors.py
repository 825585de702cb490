"""Errors of models; messages give the received and the accepted values."""

from typing import Any

from latentbook.base.errors import LatentbookError


class ModelError(LatentbookError):
    pass


class UnknownModel(ModelError):
    def __init__(self, name: str, accepted: tuple[str, ...]) -> None:
        super().__init__(f"There is no model {name!r}. Accepted names: {', '.join(accepted)}.")
        self.name = name
        self.accepted = accepted

    def __reduce__(self) -> tuple[Any, ...]:
        """For pickle, which would pass the message to the constructor."""
        return type(self), (self.name, self.accepted)


class WeightsMissing(ModelError):
    """The weights or the card of a model are missing."""


class WeightsMismatch(ModelError):
    """The weights are not those that the card or the architecture describes."""


class DeviceUnavailable(ModelError):
    pass
