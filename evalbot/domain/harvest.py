"""Words of the harvest: its policy, a failure seen in production, and the example that is proposed from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from evalbot.domain.canonical import Json
from evalbot.domain.samples import Sample


@dataclass(frozen=True, slots=True)
class Caps:
    """How many proposals there may be, and how a sample becomes one.

    `reproduce` is how often the present prompt is asked again; `near` the similarity from which two inputs are the same:
    of their words, or of their embeddings by the model `embedding` where there is one.
    """

    most: int = 10
    per_user: int = 2
    per_cluster: int = 3
    reproduce: int = 3
    near: float = 0.9
    embedding: str = ""


@dataclass(frozen=True)
class HarvestPolicy:
    """`harvest:` of the configuration. `source` is its options, `type` among them; `bad_when` are the values of `feedback` that are bad.

    `erased` is the file of those who asked to be forgotten, `alerts` the monitor's store, whose alerts name samples;
    `names` the spaCy model that looks for names of people.
    """

    suite: str
    dataset: str
    source: Mapping[str, Json]
    map: Mapping[str, str] = field(default_factory=dict)
    prompt: str = ""
    since_seconds: float = 86_400.0
    feedback: str = ""
    bad_when: tuple[Json, ...] = ()
    rate: float = 0.05
    by: tuple[str, ...] = ()
    always: tuple[str, ...] = ()
    most_samples: int = 500
    caps: Caps = Caps()
    redact: tuple[str, ...] = ()
    allow_public: bool = False
    line: int = 0
    erased: str = ""
    alerts: str = ""
    names: str = ""


@dataclass(frozen=True)
class Failure:
    """A sample whose answer was bad, already redacted.

    Args:
        sample: What was asked and answered.
        example: The id that its example would have: `prod-…`.
        signals: Why it counts: `metrics`, `error`, `feedback`, `alert`, `named`.
        kinds: What failed: names of metrics and checks.
        reasons: The metrics' words.
        alerts: The monitor's alerts that name it.
        fresh: How often the present prompt failed, of how many answers that could be judged.
        cluster: What it has in common with others.
        seen: How many failures of the window are nearly the same.
    """

    sample: Sample
    example: str
    signals: tuple[str, ...]
    kinds: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    fresh: tuple[int, int] = (0, 0)
    cluster: str = ""
    seen: int = 1
    alerts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Counts:
    """What became of a window, stage by stage."""

    fetched: int = 0
    repeated: int = 0
    unusable: int = 0
    erased: int = 0
    sampled: int = 0
    not_redacted: int = 0
    unscored: int = 0
    failed: int = 0
    known: int = 0
    decided: int = 0
    repaired: int = 0
    held_back: int = 0
    proposed: int = 0


@dataclass(frozen=True)
class Catch:
    """What a harvest brings in: proposals, and failures of examples that the datasets hold already (example id → how often)."""

    failures: Sequence[Failure] = ()
    recurred: Mapping[str, int] = field(default_factory=dict)
    counts: Counts = Counts()
    until: float = 0.0
