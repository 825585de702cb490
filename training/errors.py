"""What can go wrong with training data; messages name what came and what is accepted."""

from latentbook.models.errors import ModelError


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


class DataUnavailable(ModelError):
    """Training data could not be fetched."""


class DataMismatch(ModelError):
    """Training data that is not the known one."""
