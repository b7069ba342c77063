import gzip
import json
import re
import subprocess
import zipfile
from pathlib import Path

import pytest

from training import joining, reading, records, sources
from training.sources import FetchError, Source

COMMIT = re.compile(r"[0-9a-f]{40}")
ARTICLE = "Ferry returns\n\n The boat  sails again.\r\nShare\n\nBy Ann\nShare\n"
LINES = ["Ferry returns", "The boat sails again.", "Share", "By Ann", "Share"]
PAGE = "<title>Ferry</title><nav>Share</nav><h1>Ferry</h1><p>Größe: kurz</p><p>Share</p>"


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "core.autocrlf=false"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def commit(folder: Path, files: dict[str, bytes]) -> str:
    if not folder.exists():
        folder.mkdir()
        git(folder, "init", "--quiet")
        git(folder, "config", "uploadpack.allowFilter", "true")
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "files")
    return git(folder, "rev-parse", "HEAD")


def entry(text: str, code: str, *more: object) -> list[object]:
    return [reading.line_hash(text), code, *more]


def write_labels(folder: Path, name: str, pages: dict[str, list[list[object]]]) -> None:
    folder.mkdir(exist_ok=True)
    rows = (json.dumps({"page": page, "labels": labels}) for page, labels in pages.items())
    (folder / f"lines-{name}.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")


def source(name: str, reader: str, **layout: object) -> Source:
    return Source(name, "", "", reader, (), layout)


@pytest.fixture
def upstream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make two repositories whose later commits are wrong, a third that is gone, and a registry."""
    table = f'id,content,title\n7,"{ARTICLE}",Ferry\n8,other,Other\n'.encode()
    first = commit(tmp_path / "csv", {"news.csv": table, "extra/big.txt": b"not wanted"})
    commit(tmp_path / "csv", {"news.csv": b"id,content,title\n7,rewritten,No\n"})
    second = commit(tmp_path / "web", {"eval/a b.html": PAGE.encode()})
    third = commit(tmp_path / "web", {"urls.json": b'{"http://a.example/": {"file": "a b.html"}}'})
    commit(tmp_path / "web", {"eval/a b.html": b"gone"})
    registry = tmp_path / "sources.toml"
    registry.write_text(
        f"""
        [[source]]
        name = "own"
        repository = "{(tmp_path / "csv").as_uri()}"
        licence = "ours"
        reader = "tables"
        pin = [{{ commit = "{first}", paths = ["news.csv"] }}]
        [[source.table]]
        file = "news.csv"
        prefix = "n"
        id = "id"
        text = "content"
        title = "title"
        [[source]]
        name = "gone"
        repository = "{(tmp_path / "nowhere").as_uri()}"
        licence = "ours"
        reader = "pages"
        pin = [{{ commit = "{first}", paths = ["x"] }}]
        pages = ["{{id}}"]
        [[source]]
        name = "web"
        repository = "{(tmp_path / "web").as_uri()}"
        licence = "ours"
        reader = "pages"
        pages = ["cache/{{id}}", "eval/{{id}}"]
        about = {{ form = "files-by-url", file = "urls.json" }}
        pin = [
          {{ commit = "{second}", paths = ["eval"] }},
          {{ commit = "{third}", paths = ["urls.json"] }},
        ]
        """,
        encoding="utf-8",
    )
    monkeypatch.setattr(sources, "REGISTRY", registry)
    return tmp_path


def test_fetch_takes_pinned_files_and_goes_on_after_a_failure(upstream: Path) -> None:
    said: list[str] = []
    clones = upstream / "clones"
    with pytest.raises(FetchError, match=r"not fetched: gone$"):
        sources.fetch(clones, said.append)
    assert [line.split(":")[0] for line in said] == ["own", "gone", "web"]
    assert "FAILED" in said[1]
    assert b"sails" in (clones / "own/news.csv").read_bytes()
    assert not (clones / "own/extra").exists()
    assert (clones / "web/eval/a b.html").read_bytes() == PAGE.encode()
    said.clear()
    with pytest.raises(FetchError):
        sources.fetch(clones, said.append)
    assert said[0] == "own: there already"


def test_clones_join_by_hash_and_place(upstream: Path, caplog: pytest.LogCaptureFixture) -> None:
    clones, labels = upstream / "clones", upstream / "labels"
    with pytest.raises(FetchError):
        sources.fetch(clones, lambda line: None)
    news = [
        entry("Ferry returns", "K"),
        entry("The boat sails again.", "K?", 0, [[4, 8]]),
        entry("Share", "B", 1),
        entry("No such line", "A"),
    ]
    write_labels(labels, "own", {"own:n7": news, "own:n9": [entry("Page is gone", "K")]})
    write_labels(labels, "web", {"web:a b.html": [entry("Ferry", "K"), entry("Share", "E", 1)]})
    write_labels(labels, "gone", {"gone:1": [entry("x", "K")]})
    article, page = joining.from_clones(("own", "gone", "web"), clones, labels)
    assert (article["id"], article["title"], article["lost"]) == ("own:n7", "Ferry", 1)
    assert article["lines"] == [
        {"text": "Ferry returns", "label": "content"},
        {
            "text": "The boat sails again.",
            "label": "content",
            "unsure": True,
            "inline_junk": ["boat"],
        },
        {"text": "Share", "label": "boilerplate"},
    ]
    assert (page["url"], page["title"]) == ("http://a.example/", "Ferry")
    assert [(line["tag"], line["label"]) for line in page["lines"]] == [
        ("h1", "content"),
        ("p", "engagement"),
    ]
    assert caplog.messages == [
        "gone: not fetched, left out",
        "own: 2 labels have no line in the texts",
        "gone: 1 labels have no line in the texts",
    ]


def test_data_files_hold_only_labelled_lines(tmp_path: Path) -> None:
    labels = [entry("Share", "B", 3), entry("Ferry", "K"), entry("Share", "E", 5)]
    write_labels(tmp_path / "labels", "own", {"own:1": labels})
    texts = [
        {"text": text, "tag": "p", "link_density": 0.5} for text in ("Share", "Ferry", "Share")
    ]
    rows = [{"id": "own:1", "lines": texts}, {"id": "own:2", "lines": texts}]
    (row,) = joining.from_data(rows, ("own",), tmp_path / "labels")
    assert [line["label"] for line in row["lines"]] == ["boilerplate", "content", "engagement"]
    assert row["lines"][0]["link_density"] == 0.5
    assert row["lost"] == 0


def test_cut_collapses_space_and_drops_empty_lines() -> None:
    assert [line["text"] for line in sources.cut(ARTICLE)] == LINES


def test_archive_is_read_by_folder_and_name(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    with zipfile.ZipFile(tmp_path / "own/all.zip", "w") as archive:
        archive.writestr("Data/Set/Real/12.txt", "Caf\xe9 open\n".encode("latin-1"))
        archive.writestr("Data/Set/Real_titles/12.txt", "A title")
    found = list(
        sources.read(source("own", "archive", archive="all.zip"), tmp_path, ["own:Real12.txt"])
    )
    assert found == [{"id": "own:Real12.txt", "title": None, "lines": [{"text": "Caf\ufffd open"}]}]


def test_pages_know_address_type_and_language(tmp_path: Path) -> None:
    clone = tmp_path / "own"
    clone.mkdir()
    (clone / "1.html.gz").write_bytes(gzip.compress(PAGE.encode()))
    truth = {
        "url": "http://b.example/",
        "_internal": {"page_type": {"primary": "article"}},
        "ground_truth": {"title": "The ferry"},
    }
    (clone / "1.json").write_text(json.dumps(truth))
    (clone / "languages.json").write_text('{"1": "Polish"}')
    about = {"form": "ground-truth", "file": "{id}.json"}
    gold = source("own", "pages", pages=["{id}.html.gz"], about=about)
    (page,) = sources.read(gold, tmp_path, ["own:1", "own:2"])
    assert page == {
        "id": "own:1",
        "html": PAGE,
        "url": "http://b.example/",
        "title": "The ferry",
        "page_type": "article",
    }
    about = {"form": "languages", "file": "languages.json"}
    (page,) = sources.read(
        source("own", "pages", pages=["{id}.html.gz"], about=about), tmp_path, ["own:1"]
    )
    assert page["lang"] == "Polish"


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<meta charset=gb2312>Größe".encode(), "<meta charset=gb2312>Größe"),
        ("<meta charset='iso-8859-1'>Größe".encode("latin-1"), "<meta charset='iso-8859-1'>Größe"),
        (b"<meta charset=no-such>Gr\xf6", "<meta charset=no-such>Gr\ufffd"),
        (b"Gr\xf6", "Gr\ufffd"),
    ],
)
def test_decode(page: bytes, text: str) -> None:
    assert sources.decode(page) == text


def test_registry_names_a_commit_for_every_labels_file() -> None:
    known = sources.load()
    assert tuple(known) == joining.NEWS + joining.PAGES
    assert {path.stem for path in joining.LABELS.glob("lines-*.jsonl")} == {
        f"lines-{name}" for name in known
    }
    for one in known.values():
        assert one.repository.startswith("https://")
        assert one.pins
        assert all(COMMIT.fullmatch(pin.commit) and pin.paths for pin in one.pins)


@pytest.mark.parametrize("name", joining.NEWS + joining.PAGES)
def test_labels_hold_hashes_and_no_text(name: str) -> None:
    pages = joining.load(joining.LABELS / f"lines-{name}.jsonl")
    for page, entries in pages.items():
        assert page.startswith(f"{name}:")
        assert len({(one.hash, one.occurrence) for one in entries}) == len(entries)
        for one in entries:
            assert re.fullmatch(r"[0-9a-f]{12}", one.hash)
            assert one.code.removesuffix("?") in reading.LABEL_NAMES
            assert all(0 <= start < end for start, end in one.junk)


@pytest.mark.parametrize(("name", "parts"), [("news", joining.NEWS), ("pages", joining.PAGES)])
def test_joined_labels_are_those_of_the_data(name: str, parts: tuple[str, ...]) -> None:
    if not records.has(f"lines/{name}"):
        pytest.skip("the labelled sets are not on this machine")
    joined = joining.from_data(records.rows(f"lines/{name}"), parts)
    for given, row in zip(records.rows(f"lines/{name}"), joined, strict=True):
        assert row["lines"] == given["lines"]
        assert row["lost"] == 0
