"""What a request may say, checked the same whether it comes as JSON, as query or as a line."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from unbait.service.problems import ProblemError
from unbait.types import Policy

JunkCategory = Literal["ad", "engagement", "teaser", "boilerplate", "metadata", "comment"]
Preset = Literal["default", "strict", "flag"]
FieldName = Literal["text", "input", "audit", "verdict", "notes", "decisions"]

DEFAULT_FIELDS: tuple[FieldName, ...] = ("text", "audit")
_FIELD = "text|input|audit|verdict|notes|decisions"
_JUNK = "ad|engagement|teaser|boilerplate|metadata|comment"
_PRESETS = {"default": Policy, "strict": Policy.strict, "flag": Policy.flag}


def _any_text(value: Any) -> str:
    """Take any text: scraped ones hold lone surrogates, which pydantic's own check refuses."""
    if not isinstance(value, str):
        raise ValueError("must be a text")
    return value


def _address(value: str) -> str:
    urlsplit(value).hostname  # noqa: B018 - raises ValueError where there is no address in it
    return value


Text = Annotated[str, PlainValidator(_any_text), WithJsonSchema({"type": "string"})]
Name = Annotated[str, StringConstraints(max_length=256)]
Title = Annotated[str, StringConstraints(max_length=2000)]
Address = Annotated[str, StringConstraints(max_length=4096), AfterValidator(_address)]
Lang = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}$")]
Share = Annotated[float, Field(gt=0, le=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Knobs(_Strict):
    """What is cut, for one document."""

    policy: Preset | None = Field(
        None, description="strict removes metadata too, flag only marks and removes nothing."
    )
    threshold: Share | None = Field(None, description="How sure it must be before it cuts.")
    remove: list[JunkCategory] | None = Field(None, description="The categories that go.")
    guard: Share | None = Field(
        None, description="Share of the text above which nothing is cut but flagged."
    )


class DocumentIn(Knobs):
    """One document: a text or a page, and what is known about it."""

    id: Name | None = Field(None, description="Comes back with the result.")
    text: Text | None = Field(None, description="A text; or `html`.")
    html: Text | None = Field(None, description="A page; or `text`.")
    url: Address | None = Field(None, description="The page's address. It is never fetched.")
    title: Title | None = None
    lang: Lang | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.text is None) == (self.html is None):
            raise ValueError("say either text or html")
        return self


class BatchIn(_Strict):
    """Many documents. Each is checked on its own: a wrong one spoils no other."""

    documents: list[Any]


class ScoreIn(_Strict):
    """A text whose paragraphs are scored, headlines, or both."""

    text: Text | None = None
    title: Title | None = None
    lang: Lang | None = None
    headlines: Annotated[list[Title], Field(max_length=1000)] | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.text is None and self.headlines is None:
            raise ValueError("say text, headlines or both")
        return self


class FieldsQuery(_Strict):
    """What the answer holds."""

    fields: Annotated[str, StringConstraints(pattern=rf"^({_FIELD})(,({_FIELD}))*$")] = Field(
        ",".join(DEFAULT_FIELDS), description="Parts of each result, with commas between."
    )


class CleanQuery(FieldsQuery):
    """Knobs and facts in the query: for raw bodies, and as defaults for JSON documents."""

    policy: Preset | None = None
    threshold: Share | None = None
    remove: Annotated[str, StringConstraints(pattern=rf"^({_JUNK})(,({_JUNK}))*$")] | None = Field(
        None, description="The categories that go, with commas between."
    )
    guard: Share | None = None
    url: Address | None = None
    title: Title | None = None
    lang: Lang | None = None

    def options(self) -> dict[str, Any]:
        """Return plain data for the worker."""
        said = self.model_dump(exclude_none=True, exclude={"fields"})
        if self.remove is not None:
            said["remove"] = self.remove.split(",")
        return {"said": said, "fields": self.fields.split(",")}


class RulesQuery(_Strict):
    """Which rules to list."""

    category: JunkCategory | Literal["content"] | None = None
    lang: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,8}$")] | None = None
    limit: Annotated[int, Field(ge=1, le=5000)] = 500
    offset: Annotated[int, Field(ge=0, le=1_000_000)] = 0


def policy_of(knobs: Knobs) -> Policy:
    """Return the policy that the knobs describe."""
    policy = _PRESETS[knobs.policy or "default"]()
    changes: dict[str, Any] = {
        name: value
        for name in ("threshold", "guard")
        if (value := getattr(knobs, name)) is not None
    }
    if knobs.remove is not None:
        changes["remove"] = frozenset(knobs.remove)
    return policy.but(**changes) if changes else policy


def invalid(error: ValidationError, place: str) -> ProblemError:
    """Say what is wrong with a request, without repeating what was in it."""
    errors = [
        {"where": "/".join(map(str, (place, *one["loc"]))), "what": one["msg"]}
        for one in error.errors(include_url=False, include_input=False, include_context=False)[:20]
    ]
    first = errors[0]
    return ProblemError("REQUEST_INVALID", f"{first['where']}: {first['what']}", errors=errors)
