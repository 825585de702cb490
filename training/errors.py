"""Errors of training data; messages state what was received and what is accepted."""

from latentbook_decoders.models.errors import ModelError


class UnknownData(ModelError):
    def __init__(self, name: str, accepted: tuple[str, ...]) -> None:
        super().__init__(f"There is no data set {name!r}. Accepted names: {', '.join(accepted)}.")
        self.name = name
        self.accepted = accepted


class UnknownFigure(ModelError):
    def __init__(self, name: str, accepted: tuple[str, ...]) -> None:
        super().__init__(f"There is no figure {name!r}. Accepted names: {', '.join(accepted)}.")


class NotRepeatable(ModelError):
    def __init__(self, name: str, accepted: tuple[str, ...]) -> None:
        super().__init__(
            f"{name} has no training that --seeds can repeat. "
            f"Accepted names: {', '.join(accepted)}."
        )


class OtherCodes(ModelError):
    """An encoder's codes differ from the stored ones."""

    def __init__(self, name: str, stored: str, cosine: float) -> None:
        super().__init__(
            f"{name} gives other codes than {stored} has: a cosine of {cosine:.3f} to one of them. "
            f"Train both on one machine: latentbook train {stored}, then latentbook train {name}."
        )


class DataUnavailable(ModelError):
    pass


class DataMismatch(ModelError):
    """Training data with an unexpected hash."""
