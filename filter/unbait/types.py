"""The words of the project as frozen data: what flows between the rooms, and nothing that acts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

if TYPE_CHECKING:
    from pathlib import Path

Category = Literal["content", "ad", "engagement", "teaser", "boilerplate", "metadata", "comment"]
Action = Literal["keep", "flag", "remove"]
VerdictName = Literal["article", "not_article", "spam", "clickbait"]

CATEGORIES: tuple[Category, ...] = get_args(Category)
JUNK_BY_DEFAULT: frozenset[Category] = frozenset(
    ("ad", "engagement", "teaser", "boilerplate", "comment")
)


@dataclass(frozen=True, slots=True)
class Document:
    """One text as it came in, and what the caller knows about it.

    ``text`` is what every offset of the project counts in (code points).
    """

    text: str
    title: str | None = None
    lang: str | None = None
    url: str | None = None


class Reason(NamedTuple):
    """One piece of evidence: a rule id or a model code, said for people, with its place."""

    code: str
    message: str
    start: int
    end: int


class Segment(NamedTuple):
    """A paragraph of a document: ``text[start:end]``, without the separators around it."""

    start: int
    end: int


class Finding(NamedTuple):
    """What one rule found. ``category`` "content" protects the place it names.

    ``whole`` says that the rule speaks of the whole segment, not of the span alone.
    ``score`` is the rule's measured chance of being right; ``own`` says that the rule is one that
    the user brought, which the model does not know.
    """

    start: int
    end: int
    category: Category
    code: str
    message: str
    score: float
    whole: bool
    own: bool = False

    def moved(self, by: int) -> Finding:
        """Return it where it stands when its text begins ``by`` characters later."""
        return self._replace(start=self.start + by, end=self.end + by)


class Decision(NamedTuple):
    """What happens to ``text[start:end]``, how sure that is and why."""

    start: int
    end: int
    category: Category
    action: Action
    score: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the document is as a whole, with the numbers that say so."""

    name: VerdictName
    reason: str
    numbers: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Policy:
    """What is cut. ``threshold`` is the one knob: how sure it must be (0..1) before it cuts.

    ``remove`` names the categories that go; the others are kept.
    ``guard`` is the share of a document's characters above which nothing is cut but flagged.

    The others belong to the verdict on the whole document. It is spam above these shares: ``spam``
    of its characters advertising, ``stuffed`` of its longer words the same one,
    ``repeated`` of its three-word runs said thrice, ``linked`` links a word. It is no article below
    ``least`` characters of sound prose, as a list whose share of prose is below ``prose``, as a
    notice (consent, paywall, error, login) with less than ``notice`` characters of prose beside it,
    or as a page that is likelier than ``typed`` of one of the types ``other``. It is clickbait when
    its headline is as likely bait as ``bait`` and at least ``unmet`` of its promise is not met.
    """

    remove: frozenset[Category] = JUNK_BY_DEFAULT
    threshold: float = 0.5
    action: Literal["remove", "flag"] = "remove"
    guard: float = 0.95
    spam: float = 0.4
    stuffed: float = 0.15
    repeated: float = 0.5
    linked: float = 0.2
    least: int = 60
    prose: float = 0.15
    notice: int = 300
    typed: float = 0.4
    other: frozenset[str] = frozenset(("collection", "listing", "product"))
    bait: float = 0.8
    unmet: float = 0.5

    def __post_init__(self) -> None:
        """Refuse values that could not mean anything."""
        if not 0.0 < self.threshold <= 1.0:
            raise ValueError(f"threshold must be above 0 and at most 1, not {self.threshold!r}")
        if not 0.0 < self.guard <= 1.0:
            raise ValueError(f"guard must be above 0 and at most 1, not {self.guard!r}")
        wrong = set(self.remove) - set(CATEGORIES[1:])
        if wrong:
            raise ValueError(f"remove takes {', '.join(CATEGORIES[1:])}, not {sorted(wrong)}")
        object.__setattr__(self, "remove", frozenset(self.remove))
        object.__setattr__(self, "other", frozenset(self.other))

    @classmethod
    def strict(cls) -> Policy:
        """Remove metadata too."""
        return cls(remove=JUNK_BY_DEFAULT | {"metadata"})

    @classmethod
    def flag(cls) -> Policy:
        """Mark what the default policy would remove, and keep it."""
        return cls(action="flag")

    @classmethod
    def load(cls, path: str | Path) -> Policy:
        """Read a policy file, as ``unbait calibrate`` writes it; PolicyError says what is wrong."""
        from unbait.policyfile import load

        return load(path)

    def but(self, **changes: object) -> Policy:
        """Return a copy with these fields changed."""
        return replace(self, **changes)  # type: ignore[arg-type]
