"""Reading pictures as a stage: what predict.py and evaluate.py let the engine do."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from captcha_core.cluster.engine import Engine
from captcha_core.constraint import Constraint
from captcha_core.errors import CaptchaLabError
from captcha_core.prediction import Prediction
from captcha_core.recognizer import NamedSource, Recognizer

if TYPE_CHECKING:
    import pyarrow as pa

    from captcha_core.data.jobs import LabelledJob


class Read(NamedTuple):
    """What became of one picture: either ``error`` is None, or the three before it are."""

    file: str
    label: str | None
    text: str | None
    confidence: float | None
    char_confidences: tuple[float, ...] | None
    error: str | None


class ReadingJob(Protocol):
    """Pictures that are read together."""

    def pictures(self) -> Iterator[tuple[NamedSource, str | None]]:
        """Yield the pictures, each with its label where that is known."""
        ...


@dataclass(frozen=True)
class Labelled:
    """A job of labelled pictures; a row without picture or label is none to measure by and is raised."""

    job: LabelledJob

    def pictures(self) -> Iterator[tuple[NamedSource, str]]:
        """Yield the pictures with their labels."""
        for row in self.job.rows():
            if isinstance(row, CaptchaLabError):
                raise row
            yield NamedSource(row.path, row.image), row.label


@dataclass(frozen=True)
class ReadStage:
    """Reads the pictures of a :class:`ReadingJob`.

    Batches do not go over the border of a job: a sum in another order is another one in its last bits, and a picture
    shall read the same whichever process reads it. So the processes of one command all have as many threads.

    Attributes:
        checkpoint: The model's file, which every worker opens for itself.
        model_id: The model's name and fingerprint.
        preprocessing: As for :class:`captcha_core.recognizer.Recognizer`, as pairs.
        backend: As there.
        batch_size: Pictures per pass of the model.
        constraint: What is known of the texts; as for :class:`captcha_core.recognizer.Recognizer`.
        threads: As there; 1 where several processes read.
    """

    checkpoint: Path
    model_id: str
    preprocessing: tuple[tuple[str, Any], ...] = ()
    backend: str | None = None
    batch_size: int = 32
    constraint: Constraint | None = None
    threads: int | None = 1
    _loaded: list[Recognizer] = field(default_factory=list, repr=False)

    @classmethod
    def of(cls, recognizer: Recognizer, checkpoint: Path, **settings: Any) -> ReadStage:
        """Return the stage of a recogniser of as many threads, which reads what this process reads itself."""
        return cls(checkpoint.absolute(), recognizer.model_id, _loaded=[recognizer], **settings)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the model itself out of what is sent to a worker."""
        return {**self.__dict__, "_loaded": []}

    @property
    def schema(self) -> pa.Schema:
        """The columns of a :class:`Read`."""
        # Few pictures are read without pyarrow, whose import takes a second.
        import pyarrow as pa

        texts = [(name, pa.string()) for name in Read._fields]
        kinds = {"confidence": pa.float64(), "char_confidences": pa.list_(pa.float64())}
        return pa.schema([(name, kinds.get(name, text)) for name, text in texts])

    def __call__(self, job: ReadingJob) -> Iterator[Read]:
        """Yield what becomes of each picture, a batch at a time."""
        waiting: deque[tuple[str, str | None]] = deque()

        def sources() -> Iterator[NamedSource]:
            for picture, label in job.pictures():
                waiting.append((picture.name, label))
                yield picture

        for outcome in self._recognizer().stream(sources(), self.batch_size, self.constraint):
            name, label = waiting.popleft()
            if isinstance(outcome, Prediction):
                yield Read(name, label, outcome.text, outcome.confidence, outcome.char_confidences, None)
            else:
                yield Read(name, label, None, None, None, str(outcome))

    def _recognizer(self) -> Recognizer:
        if not self._loaded:
            self._loaded.append(Recognizer(self.checkpoint, self.threads, dict(self.preprocessing), self.backend))
        return self._loaded[0]


def read_pictures(engine: Engine, stage: ReadStage, jobs: Iterable[ReadingJob]) -> Generator[Read, None, None]:
    """Yield what became of every picture, in order."""
    with closing(engine.run(stage, jobs)) as results:
        for row in chain.from_iterable(results):
            yield Read(*row)
