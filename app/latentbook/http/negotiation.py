"""Content negotiation: media types in ``Accept``, codings in ``Accept-Encoding``."""

from collections.abc import Callable, Sequence

from latentbook.http.problems import wrong_field


def negotiate(accept: str | None, offered: Sequence[str]) -> str:
    """The offered media type that an Accept header prefers, the first of equals; 406 if none.

    References
    ----------
    RFC 9110, section 12.5.1.
    """
    ranges = weighted("*/*" if accept is None else accept)

    def quality(media_type: str) -> float:
        family = media_type.partition("/")[0]
        for name in (media_type, f"{family}/*", "*/*"):  # the most specific range decides
            if name in ranges:
                return ranges[name]
        return 0.0

    return best("Accept", accept, offered, quality)


def negotiate_encoding(accept_encoding: str | None, offered: Sequence[str]) -> str:
    """The offered coding that an Accept-Encoding header prefers, the first of equals; 406 if none.

    References
    ----------
    RFC 9110, section 12.5.3: identity is accepted unless it is refused.
    """
    codings = weighted(accept_encoding or "")

    def quality(coding: str) -> float:
        if coding in codings:
            return codings[coding]
        # The last resort: lower than any quality that a client can write.
        return codings.get("*", 0.0001 if coding == "identity" else 0.0)

    return best("Accept-Encoding", accept_encoding, offered, quality)


def best(
    header: str, received: str | None, offered: Sequence[str], quality: Callable[[str], float]
) -> str:
    found = max(offered, key=quality)
    if quality(found) == 0:
        message = f"Accepted: {', '.join(offered)}. Received {received!r}."
        raise wrong_field(f"header {header}", message, 406)
    return found


def weighted(header: str) -> dict[str, float]:
    """'image/*;q=0.8, image/png' -> {'image/*': 0.8, 'image/png': 1}; the best of each name."""
    weights: dict[str, float] = {}
    for part in header.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weights[name] = max(quality_of(parameters), weights.get(name, 0.0))
    return weights


def quality_of(parameters: Sequence[str]) -> float:
    """The q of a range; 1 if absent, 0 if it cannot be read."""
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            try:
                quality = float(value)
            except ValueError:
                return 0.0
            return quality if 0 <= quality <= 1 else 0.0
    return 1.0
