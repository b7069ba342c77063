"""Files: all that is asked for is found in order, and writing is whole or nothing."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from unbait.errors import InputError
from unbait.io.atomic import atomic_writer, back_up, write_atomic
from unbait.io.sources import Reject, Source, expand

FILTER = str(Path(sys.modules["unbait.io.atomic"].__file__ or "").parents[2])


def names(*arguments: str | Path, without: Path | None = None) -> list[str]:
    return [item.name for item in expand(map(str, arguments), without=without)]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("b.txt", "a.html", "sub/c.md", "sub/plain", "x.png", "b.txt.bak", ".hidden.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("text")
    return tmp_path


def test_folders_give_texts_in_order(tree: Path) -> None:
    found = list(expand([str(tree)]))
    assert [str(item.relative) for item in found if isinstance(item, Source)] == [
        "a.html",
        "b.txt",
        "sub/c.md",
        "sub/plain",
    ]


def test_a_file_named_is_taken_whatever_its_name(tree: Path) -> None:
    assert names(tree / "x.png", tree / ".hidden.txt") == [
        str(tree / "x.png"),
        str(tree / ".hidden.txt"),
    ]


def test_each_file_comes_once(tree: Path) -> None:
    (tree / "link.txt").symlink_to("b.txt")
    assert names(tree / "b.txt", tree / "link.txt", tree / "*.txt", "-", "-") == [
        str(tree / "b.txt"),
        "-",
    ]


def test_globs_are_sorted_and_brackets_in_real_names_are_names(tree: Path) -> None:
    (tree / "[1].txt").write_text("text")
    assert names(tree / "[1].txt") == [str(tree / "[1].txt")]
    assert names(tree / "**/[bc].*[td]") == [str(tree / "b.txt"), str(tree / "sub/c.md")]


def test_the_output_folder_is_not_entered(tree: Path) -> None:
    assert names(tree, without=tree / "sub") == [str(tree / "a.html"), str(tree / "b.txt")]


@pytest.mark.parametrize(
    ("name", "code"), [("gone.txt", "FILE_MISSING"), ("*.none", "FILE_MISSING")]
)
def test_what_is_missing_is_said(tmp_path: Path, name: str, code: str) -> None:
    codes = []
    for item in expand([str(tmp_path / name)]):
        if isinstance(item, Source):
            with pytest.raises(InputError) as caught:
                item.read()
            codes.append(caught.value.code)
        else:
            codes.append(item.code)
    assert codes == [code]


def test_an_empty_folder_is_said(tmp_path: Path) -> None:
    (item,) = expand([str(tmp_path)])
    assert isinstance(item, Reject) and item.code == "FOLDER_EMPTY"


def test_a_folder_without_rights_is_said_and_the_rest_read(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # root may read everything, so the refusal is made, not arranged by file modes
    real = os.scandir

    def refusing(path: str) -> object:
        if str(path).endswith("sub"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", refusing)
    items = list(expand([str(tree)]))
    assert [item.name for item in items if isinstance(item, Source)] == [
        str(tree / "a.html"),
        str(tree / "b.txt"),
    ]
    (reject,) = (item for item in items if isinstance(item, Reject))
    assert (reject.name, reject.code) == (str(tree / "sub"), "FILE_DENIED")


def test_an_output_is_whole_or_nothing(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    path.write_bytes(b"before")
    with pytest.raises(TypeError), atomic_writer(path) as stream:
        stream.writelines([b"half", "no bytes"])  # type: ignore[list-item]
    assert path.read_bytes() == b"before"
    write_atomic(path, b"after")
    assert path.read_bytes() == b"after"
    assert list(tmp_path.iterdir()) == [path]


def test_permissions_and_links_stay(tmp_path: Path) -> None:
    path, link = tmp_path / "file", tmp_path / "link"
    path.write_bytes(b"before")
    path.chmod(0o640)
    link.symlink_to("file")
    write_atomic(link, b"after")
    assert link.is_symlink() and path.read_bytes() == b"after"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_new_file_obeys_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_atomic(tmp_path / "new", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640


def test_long_names_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("é" * 127)
    write_atomic(path, b"text")
    assert path.read_bytes() == b"text"


def test_what_is_no_file_is_written_straight() -> None:
    write_atomic(Path(os.devnull), b"gone")
    assert not Path(os.devnull).is_file()


def test_backups_never_replace_one_another(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    for number in range(3):
        write_atomic(path, f"version {number}".encode())
        back_up(path)
    write_atomic(path, b"last")
    assert {one.name: one.read_text() for one in tmp_path.iterdir()} == {
        "a.txt": "last",
        "a.txt.bak": "version 0",
        "a.txt.bak.1": "version 1",
        "a.txt.bak.2": "version 2",
    }


def test_backups_are_copies_where_links_cannot_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    path = tmp_path / "a.txt"
    path.write_bytes(b"text")
    assert back_up(path).read_bytes() == b"text"
    assert back_up(path).name == "a.txt.bak.1"


@pytest.mark.parametrize("before", [None, b"before"])
def test_kill_9_while_writing_leaves_whole_or_nothing(tmp_path: Path, before: bytes | None) -> None:
    path = tmp_path / "out.txt"
    if before is not None:
        path.write_bytes(before)
    program = (
        "import sys, time; from pathlib import Path; from unbait.io.atomic import atomic_writer\n"
        "with atomic_writer(Path(sys.argv[1])) as stream:\n"
        "    stream.write(b'half' * 100_000); stream.flush(); print('ready', flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, path],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": FILTER},
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGKILL)
    assert (path.read_bytes() if path.exists() else None) == before
