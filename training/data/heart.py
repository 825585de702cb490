"""Five minutes of one person's electrocardiogram, and its beats.

Record 208 of the MIT-BIH Arrhythmia Database, lead MLII, from minute 19:35, as SciPy shipped it:
without a cardiologist's word on each beat. So a rule tells beats apart. *Wide* ones stay above half
of their height for longer than 40 ms, as beats do that begin in a ventricle.
"""

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latentbook_decoders.models.cards import Card
from training.data.packages import Wheel, load_files

RATE = 360  # Hz
BEFORE, AFTER = 60, 120  # samples around the middle of a beat
EVERY = 5  # samples whose mean is one number
WIDE = 40.0  # ms at half height; most beats take 15 to 30

ECG = Wheel(
    name="heart",
    title="An electrocardiogram",
    package="scipy==1.9.3",
    paths={"ecg.npz": "scipy/misc/ecg.dat"},
    sha256={"ecg.npz": "f20ad3365fb9b7f845d0e5c48b6fe67081377ee466c3a220b7f69f35c8958baf"},
)


@dataclass(frozen=True)
class Heart:
    """The signal and its n beats.

    Attributes
    ----------
    signal : float ndarray of shape (108000,), mV, without what is slower than half a second
    smooth : the same without what is faster than 25 Hz
    places : int ndarray of shape (n,), the sample in the middle of each beat
    beats : float32 ndarray of shape (n, 36), mV: half a second around it, smoothed to 72 Hz
    widths : float ndarray of shape (n,), ms for which a beat stays above half of its height
    origin : where all this comes from
    """

    signal: NDArray[np.float64]
    smooth: NDArray[np.float64]
    places: NDArray[np.int64]
    beats: NDArray[np.float32]
    widths: NDArray[np.float64]
    origin: Card


def load_heart() -> Heart:
    """The signal, fetched if it is not in `build/data/` yet, and its beats.

    Raises
    ------
    DataUnavailable
        If the package index cannot be reached.
    DataMismatch
        If the file is not the known one.
    """
    from scipy.signal import butter, sosfiltfilt  # type: ignore[import-untyped]

    stored = np.load(io.BytesIO(load_files(ECG)["ecg.npz"]))["ecg"]
    signal = sosfiltfilt(
        butter(2, 0.5, "highpass", fs=RATE, output="sos"), (stored.astype(float) - 1024) / 200
    )
    smooth = sosfiltfilt(butter(2, 25, "lowpass", fs=RATE, output="sos"), signal)
    found = find_beats(signal)
    places = found[(found >= RATE / 2) & (found < len(signal) - RATE / 2)]
    return Heart(
        signal=signal,
        smooth=smooth,
        places=places,
        beats=cut(smooth, places),
        widths=np.array([width_at(signal, p) for p in places]),
        origin={
            "name": ECG.name,
            "source": f"{ECG.paths['ecg.npz']} in the wheel of {ECG.package}",
            "sha256": dict(ECG.sha256),
            "record": "MIT-BIH Arrhythmia Database, record 208, lead MLII, 19:35 to 24:35",
            "licence": "ODC-By 1.0",
        },
    )


def cut(smooth: NDArray[np.float64], places: NDArray[np.int64]) -> NDArray[np.float32]:
    """Half a second around each place.

    Parameters
    ----------
    smooth : ndarray of shape (samples,), mV
    places : ndarray of shape (n,), samples, none so close to an end that its window crosses it

    Returns
    -------
    ndarray of shape (n, 36), mV
    """
    around = np.stack([smooth[p - BEFORE : p + AFTER] for p in places])
    beats: NDArray[np.float32] = around.reshape(len(places), -1, EVERY).mean(2).astype(np.float32)
    return beats


def find_beats(signal: NDArray[np.float64]) -> NDArray[np.int64]:
    """Where beats are: peaks of the power between 5 and 20 Hz, where their steep part is.

    Parameters
    ----------
    signal : ndarray of shape (n,), mV

    Returns
    -------
    ndarray of shape (beats,), samples
    """
    from scipy.signal import butter, find_peaks, sosfiltfilt

    band = sosfiltfilt(butter(2, [5, 20], "bandpass", fs=RATE, output="sos"), signal)
    power = np.convolve(band**2, np.full(RATE // 10, 10 / RATE), "same")
    places, _ = find_peaks(power, distance=RATE // 4 + 10, height=4 * np.median(power))
    return np.asarray(places, dtype=np.int64)


def width_at(signal: NDArray[np.float64], place: int) -> float:
    """For how long a beat stays above half of its height, ms.

    Parameters
    ----------
    signal : ndarray of shape (n,), mV
    place : sample in the middle of the beat, at least a sixth of a second from either end
    """
    near = signal[place - RATE // 6 : place + RATE // 6]
    top = int(near.argmax())
    low = np.flatnonzero(near <= near[top] / 2)
    first = low[low < top].max(initial=-1)
    last = low[low > top].min(initial=len(near))
    return float(last - first) * 1000 / RATE
