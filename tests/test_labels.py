"""Files of labels: every shape that is taken, and what is said of the others."""

from __future__ import annotations

import gzip
import json
import lzma
from pathlib import Path

import pytest

from tests import labelled
from unbait import LabelError
from unbait.labels import load


def written(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_documents_with_lines(tmp_path: Path) -> None:
    row = {
        "id": "a",
        "lang": "en",
        "lines": [
            {"text": " The ferry sails again. ", "label": "content"},
            {"text": "Like this story?", "label": "engagement", "unsure": True},
            {"text": "   ", "label": "ad"},
            {"text": "Menu", "keep": False},
            {"text": "The bridge stays.", "keep": True},
            {"text": "Nobody judged this."},
        ],
    }
    sample = load(written(tmp_path / "my.jsonl", row))
    (one,) = sample.documents
    assert one.labels == ("content", "engagement", "junk", "content", None)
    assert one.texts[0] == "The ferry sails again." and one.lang == "en"
    assert sample.count() == 4
    text = one.document().text
    assert [text[start:end] for start, end in one.spans()] == list(one.texts)


@pytest.mark.parametrize("suffix", ["", ".gz", ".xz"])
def test_compressed_files(tmp_path: Path, suffix: str) -> None:
    plain = labelled.write(tmp_path / "plain", labelled.documents(3)).read_bytes()
    pack = {"": bytes, ".gz": gzip.compress, ".xz": lzma.compress}[suffix]
    path = tmp_path / f"my.jsonl{suffix}"
    path.write_bytes(pack(plain))
    assert load(path).documents == tuple(labelled.documents(3))


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("{", "no JSON"),
        ("[]", "a row is a document"),
        ('{"lines": 3}', "lines: write a list"),
        ('{"lines": ["a"]}', 'lines[0]: a line is {"text"'),
        ('{"lines": [{"label": "ad"}]}', "lines[0]: text: write the line's text"),
        ('{"lines": [{"text": "a", "label": "advert"}]}', "write one of content, ad"),
        ('{"lines": [{"text": "a", "keep": "no"}]}', "keep: write true or false"),
        ('{"lines": [], "lang": 3}', "lang: write text"),
        ('{"text": "a", "label": "ad"}', "a row is a document"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, row: str, says: str) -> None:
    path = tmp_path / "my.jsonl"
    path.write_text('{"lines": []}\n' + row + "\n")
    with pytest.raises(LabelError) as caught:
        load(path)
    assert f"{path}:2" in str(caught.value) and says in str(caught.value)


def test_a_missing_or_broken_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match="LABELS_MISSING"):
        load(tmp_path / "nowhere.jsonl")
    path = tmp_path / "my.jsonl.xz"
    path.write_bytes(b"not xz")
    with pytest.raises(LabelError, match="LABELS_SYNTAX"):
        load(path)
