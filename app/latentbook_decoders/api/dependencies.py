"""Dependencies of several routes: the decoders, the name of a model, arrays of numbers."""

from functools import partial
from typing import Annotated, cast

import numpy as np
from fastapi import Depends, Path, Request
from numpy.typing import NDArray
from pydantic import AfterValidator

import latentbook.http.problems as problems
from latentbook_decoders.decoding.decoders import Decoders

WHEN = problems.WHEN | {
    404: "There is no such model.",
    503: "The model cannot be served now; Retry-After says when to ask again, if that helps.",
}
problem_responses = partial(problems.problem_responses, when=WHEN)

ModelName = Annotated[
    str, Path(description="Name of a model, as in GET /api/models.", examples=["conv_vae_mnist"])
]


async def get_inference(request: Request) -> Decoders:
    """The app's decoders. Async because FastAPI runs plain functions on another thread."""
    return cast(Decoders, request.app.state.inference)


TheInference = Annotated[Decoders, Depends(get_inference)]


def as_floats(numbers: list[float]) -> NDArray[np.float32]:
    """Convert accepted numbers to an array, which needs an eighth of the memory."""
    return np.array(numbers, np.float32)


AsFloats = AfterValidator(as_floats)
