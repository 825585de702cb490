"""What can go wrong with a model or its data; messages name what came and what is accepted."""

from typing import Any

from app.errors import LatentbookError


class ModelError(LatentbookError):
    """Base of all errors of `app.models`."""


class UnknownModel(ModelError):
    """A name that no model has."""

    def __init__(self, name: str, accepted: tuple[str, ...]) -> None:
        super().__init__(f"There is no model {name!r}. Accepted names: {', '.join(accepted)}.")
        self.name = name
        self.accepted = accepted

    def __reduce__(self) -> tuple[Any, ...]:
        """For pickle, which would give the message to the constructor."""
        return type(self), (self.name, self.accepted)


class UnknownData(ModelError):
    """A name that no data set has."""

    def __init__(self, name: str, accepted: tuple[str, ...]) -> None:
        super().__init__(f"There is no data set {name!r}. Accepted names: {', '.join(accepted)}.")
        self.name = name
        self.accepted = accepted


class UnknownFigure(ModelError):
    """A name that no published figure has."""

    def __init__(self, name: str, accepted: tuple[str, ...]) -> None:
        super().__init__(f"There is no figure {name!r}. Accepted names: {', '.join(accepted)}.")


class WeightsMissing(ModelError):
    """The weights or the card of a model are not there."""


class WeightsMismatch(ModelError):
    """The weights are not those that the card or the architecture describes."""


class DataUnavailable(ModelError):
    """Training data could not be fetched."""


class DataMismatch(ModelError):
    """Training data that is not the known one."""


class DeviceUnavailable(ModelError):
    """A device was asked for that this machine does not have."""
