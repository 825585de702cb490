import pytest

from app.models.data import Dataset, load_dataset
from app.models.errors import DataUnavailable


@pytest.fixture(scope="session")
def mnist() -> Dataset:
    """MNIST, fetched once; a machine with no network skips the tests that need it."""
    try:
        return load_dataset("mnist")
    except DataUnavailable as error:
        pytest.skip(str(error))
