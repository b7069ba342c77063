"""The page, driven in real headless Chromium."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from service_running import AD, ARTICLE, CLEAN, GOOD, Server, running

from training.records import from_row
from unbait import labels

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
HOSTILE = (
    '<script>window.pwned = 1</script><img src=x onerror="window.pwned = 1">'
    "&lt;b&gt; \u202eevil\u202c {{7*7}} ${window.pwned=1} javascript:alert(1)"
)


@pytest.fixture(scope="module")
def server() -> Server:
    return running()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Any, server: Server) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    page = context.new_page()
    complaints: list[str] = []
    hosts: set[str] = set()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: hosts.add(request.url.removeprefix("blob:")))
    page.complaints, page.hosts = complaints, hosts
    page.goto(server.url)
    yield page
    assert not [one for one in complaints if "status of 503" not in one]
    assert all(one.startswith(server.url) for one in hosts)
    context.close()


def cleaned(page: Any, text: str) -> None:
    with page.expect_response(lambda response: "/v1/clean" in response.url):
        page.fill("#input", text)
    page.wait_for_selector(".slot")


def saved(page: Any, button: str) -> str:
    with page.expect_download() as download:
        page.click(button)
    return Path(download.value.path()).read_text()


def test_cuts_are_shown_with_their_reasons(page: Any) -> None:
    cleaned(page, ARTICLE)
    cut = page.locator(".piece.remove")
    assert cut.all_inner_texts() == [AD]
    assert "ad" in cut.get_attribute("class").split()
    assert "line-through" in cut.evaluate("e => getComputedStyle(e).textDecorationLine")
    assert page.inner_text("#article") == ARTICLE
    assert page.locator("#why").is_hidden()
    cut.hover()
    assert "ad" in page.inner_text("#why-title")
    assert page.locator("#why-reasons li").count() >= 1
    page.uncheck("#show-cuts")
    assert page.inner_text("#article").strip() == CLEAN


def test_the_knob_changes_the_result_at_once(page: Any) -> None:
    cleaned(page, ARTICLE)
    page.focus("#strictness")
    with page.expect_response(lambda response: "/v1/clean" in response.url):
        page.keyboard.press("Home")
    page.wait_for_function("() => !document.querySelector('.piece.remove')")
    with page.expect_response(lambda response: "/v1/clean" in response.url):
        page.keyboard.press("End")
    page.wait_for_selector(".piece.remove")


def test_the_result_follows_while_the_knob_moves(page: Any) -> None:
    """It is not asked for only once the hand rests, and never twice at a time."""
    cleaned(page, ARTICLE)
    asked: list[str] = []
    page.on("requestfinished", lambda request: asked.append(request.url))
    for value in range(40):
        page.evaluate(
            """value => {
              const knob = document.querySelector("#strictness");
              knob.value = value;
              knob.dispatchEvent(new Event("input"));
            }""",
            value,
        )
        page.wait_for_timeout(15)
    page.wait_for_function("() => !document.querySelector('#article').ariaBusy")
    assert len(asked) >= 3
    page.locator(".piece").first.click()
    assert "cut from 61 %" in page.inner_text("#why-score")


def test_hover_shows_reasons_until_one_is_held(page: Any) -> None:
    cleaned(page, f"{ARTICLE}\n\nShare on Facebook")
    page.locator(".piece.ad").hover()
    assert "ad" in page.inner_text("#why-title")
    assert page.locator(".piece.ad b").count() >= 1
    page.locator(".piece.boilerplate").click()
    page.locator(".piece.ad").hover()
    assert "boilerplate" in page.inner_text("#why-title")


def test_all_by_keyboard_marks_and_exports(page: Any) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Tab")
    page.keyboard.insert_text(ARTICLE)
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".piece")
    while page.evaluate("!document.activeElement.classList.contains('piece')"):
        page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.textContent") == AD
    assert page.locator("#why").is_visible()
    page.keyboard.press("w")
    assert page.locator(".piece.wrong").count() == 1
    assert page.is_checked("#reviewed")
    page.focus(".piece.remove")
    page.keyboard.press("w")
    assert page.locator(".piece.wrong").count() == 0
    page.focus(".piece.keep")
    page.keyboard.press("n")
    assert page.evaluate("document.activeElement.textContent") == AD
    page.keyboard.press("Escape")
    assert page.locator("#why").is_hidden()


def test_labels_are_documents_as_training_and_calibration_read_them(
    page: Any, tmp_path: Path
) -> None:
    bait = "Like this story? Follow us on Facebook and subscribe to our newsletter!"
    cleaned(page, f"By Jane Doe\n\n{ARTICLE} {bait}\n{GOOD}")
    assert page.is_disabled("#labels")
    page.locator(".piece.ad").click()
    page.click("#mark")
    page.select_option("#really", "teaser")
    page.locator(".piece.keep").last.click()
    page.keyboard.press("w")
    cleaned(page, ARTICLE)
    assert not page.is_checked("#reviewed")
    page.check("#reviewed")
    assert page.inner_text("#labels") == "Export labels (2)"
    exported = tmp_path / "labels.jsonl"
    exported.write_text(saved(page, "#labels"))
    first, second = map(json.loads, exported.read_text().splitlines())
    assert [(one["text"], one["label"], one.get("decided")) for one in first["lines"]] == [
        ("By Jane Doe", "metadata", None),
        (GOOD, "content", None),
        (AD, "teaser", "ad"),
        (f"{GOOD} {bait}", "content", None),  # most of its characters decide
        (GOOD, "junk", "content"),
    ]
    assert second["id"] == hashlib.sha256(ARTICLE.encode()).hexdigest()
    assert from_row(second, "page").labels == ["content", "ad", "content"]
    read = labels.load(exported)
    assert read.count() == 8
    assert [one.document().text for one in read.documents][1] == ARTICLE
    assert read.documents[0].labels == ("metadata", "content", "teaser", "content", "junk")


def test_clean_text_and_audit_can_be_taken_away(page: Any, server: Server) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.url)
    cleaned(page, ARTICLE)
    page.click("#copy")
    page.wait_for_function("() => document.querySelector('#status').textContent.includes('copied')")
    assert page.evaluate("navigator.clipboard.readText()") == CLEAN
    audit = json.loads(saved(page, "#audit"))
    assert [one["action"] for one in audit["decisions"]].count("remove") == 1


def test_a_file_can_be_opened_and_dropped(page: Any, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(f"<!doctype html><p>{GOOD}</p><p>{AD}</p><p>{GOOD}</p>")
    page.set_input_files("#file", path)
    page.wait_for_selector(".piece.remove")
    assert "<p>" not in page.inner_text("#article")
    assert page.is_checked("input[value=html]")
    page.evaluate(
        """text => {
          const data = new DataTransfer();
          data.items.add(new File([text], "a.txt"));
          document.body.dispatchEvent(
            new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
        }""",
        GOOD,
    )
    page.wait_for_function(
        "text => document.querySelector('#article').innerText === text", arg=GOOD
    )


@pytest.mark.parametrize(
    ("head", "coding"),
    [("", "utf-16"), ("", "cp1252"), ('<meta charset="iso-8859-2">', "iso-8859-2")],
)
def test_a_file_is_read_in_its_charset(page: Any, tmp_path: Path, head: str, coding: str) -> None:
    path = tmp_path / "page.html"
    path.write_bytes(f"<!doctype html>{head}<p>{GOOD} José</p>".encode(coding))
    page.set_input_files("#file", path)
    page.wait_for_selector(".piece")
    assert page.inner_text("#article").endswith("José")


def test_what_is_against_the_policy_does_not_run(page: Any, server: Server) -> None:
    """The page's own policy stops scripts, styles, markup and requests that are not ours."""
    cleaned(page, ARTICLE)
    refused = page.evaluate(
        """async () => {
          const refused = [];
          document.addEventListener("securitypolicyviolation",
            (event) => refused.push(event.effectiveDirective));
          const attempts = [
            () => { const one = document.createElement("script");
                    one.append("window.pwned = 1"); document.head.append(one); },
            () => { document.body.setAttribute("onclick", "window.pwned = 1");
                    document.body.click(); },
            () => { document.body.insertAdjacentHTML("beforeend", "<b>markup</b>"); },
            () => { const one = document.createElement("style");
                    one.append("body{display:none}"); document.head.append(one); },
            () => { const one = new Image(); one.src = "https://other.example/x.png"; },
            () => fetch("https://other.example/").catch(() => {}),
            () => { const one = document.createElement("iframe");
                    one.src = "https://other.example/"; document.body.append(one); },
          ];
          for (const attempt of attempts) { try { await attempt(); } catch {} }
          await new Promise((done) => setTimeout(done, 200));
          return refused;
        }"""
    )
    assert {
        "require-trusted-types-for", "style-src-elem", "img-src", "connect-src", "frame-src"
    } <= set(refused)
    assert page.evaluate("window.pwned") is None
    assert page.locator("body > b").count() == 0
    page.complaints.clear()
    page.hosts.clear()  # what was refused counts as asked for


def test_scripts_in_the_markup_itself_do_not_run(browser: Any, server: Server) -> None:
    """As if hostile text had come into the page as markup after all."""
    hostile = '<script>window.pwned = 1</script><img src="x" onerror="window.pwned = 1"><main>'
    page = browser.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))

    def inject(route: Any) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace("<main>", hostile))

    page.route(f"{server.url}/", inject)
    page.goto(server.url)
    page.wait_for_selector("#sample")
    assert page.locator("script").count() == 2
    assert page.evaluate("window.pwned") is None
    assert [one for one in complaints if "inline script" in one]
    assert [one for one in complaints if "inline event handler" in one]
    page.close()


def test_a_key_is_asked_for_where_one_is_needed(browser: Any) -> None:
    page = browser.new_page()
    page.goto(running(api_keys="k").url)
    assert page.locator("#key-row").is_hidden()
    page.click("#sample")
    page.wait_for_selector("#status.error")
    assert "KEY_MISSING" in page.inner_text("#status")
    page.fill("#key", "k")
    page.keyboard.press("Enter")
    page.wait_for_selector(".piece.remove")
    page.close()


def test_hostile_text_stays_text(page: Any) -> None:
    page.check("input[value=text]")
    text = f"{GOOD}\n\n{HOSTILE}\n\nClick here: {HOSTILE}"
    cleaned(page, text)
    assert page.evaluate("document.querySelector('#article').textContent") == text
    assert page.locator("#article").locator("script, img, b b").count() == 0
    assert page.evaluate("window.pwned") is None


def test_astral_characters_keep_their_places(page: Any) -> None:
    text = f"\U0001f6a2\U0001f6a2 {GOOD}\n\n{AD}\n\n{GOOD}"
    cleaned(page, text)
    assert page.locator(".piece.remove").all_inner_texts() == [AD]


def test_errors_are_said(page: Any) -> None:
    page.route("**/v1/clean*", lambda route: route.fulfill(
        status=503, content_type="application/problem+json",
        body='{"title":"Too much","detail":"try later","code":"OVERLOADED"}'))  # fmt: skip
    page.fill("#input", GOOD)
    page.wait_for_selector("#status.error")
    assert "OVERLOADED" in page.inner_text("#status")


def test_on_a_phone_nothing_is_wider_than_the_screen(browser: Any, server: Server) -> None:
    for scheme in ("light", "dark"):
        context = browser.new_context(
            viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True,
            color_scheme=scheme,
        )  # fmt: skip
        page = context.new_page()
        page.goto(server.url)
        page.tap("#sample")
        page.wait_for_selector(".piece.remove")
        page.locator(".piece.remove").first.tap()
        assert page.locator("#why").is_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        context.close()


def test_colours_can_be_read(browser: Any, server: Server) -> None:
    """WCAG AA: 4.5 to 1 for the text of every category, on its own wash, light and dark."""
    names = ("ink", "soft", "main", "ad", "engagement", "teaser", "boilerplate", "metadata",
             "comment")  # fmt: skip
    for scheme in ("light", "dark"):
        page = browser.new_page(color_scheme=scheme)
        page.goto(server.url)
        colours = page.evaluate(
            """names => {
              const style = getComputedStyle(document.documentElement);
              const value = (name) => style.getPropertyValue("--" + name).trim();
              return Object.fromEntries(names.map((name) => [name, value(name)]));
            }""",
            [*names, "card", "wash", "word"],
        )
        card = _rgb(colours["card"])
        shares = [float(colours[name].rstrip("%")) / 100 for name in ("wash", "word")]
        for name in names:
            front, back = _rgb(colours[name]), card
            for share in shares if name not in ("ink", "soft", "main") else ():
                back = [share * f + (1 - share) * b for f, b in zip(front, back, strict=True)]
            assert _contrast(front, back) >= 4.5, (scheme, name, _contrast(front, back))
        page.close()


def test_the_policy_is_strict(server: Server) -> None:
    answer = httpx.get(server.url)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert "http" not in answer.text.replace("http-equiv", "")
    again = httpx.get(server.url, headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304


def _contrast(one: list[float], other: list[float]) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _rgb(colour: str) -> list[float]:
    digits = colour.removeprefix("#")
    digits = "".join(c * 2 for c in digits) if len(digits) == 3 else digits
    return [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]


def _luminance(rgb: list[float]) -> float:
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in rgb)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
