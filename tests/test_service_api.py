"""The API over a real socket: what goes in, what comes out, and how errors are said."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from service_running import AD, ARTICLE, CLEAN, GOOD, Server, running

from benchmarks import bench_service
from unbait import Cleaner, Policy
from unbait.errors import InputError
from unbait.io.audit import schema
from unbait.service import openapi, problems, settings
from unbait.service.frame import Frame
from unbait.service.protocol import ABORT
from unbait.service.settings import Settings, load
from unbait.service.state import Service

DOCS = Path(__file__).parents[1] / "docs" / "service.md"
FIGURES = DOCS.with_name("figures") / "service.json"
PAGE = (
    "<!doctype html><title>Ferry</title>"
    f"<article><p>{GOOD}</p><p>{AD}</p><p>{GOOD}</p></article>"
)


@pytest.fixture(scope="module")
def server() -> Server:
    return running()


@pytest.fixture(scope="module")
def http(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=60) as client:
        yield client


def refused(response: httpx.Response, code: str) -> dict[str, Any]:
    problem: dict[str, Any] = response.json()
    assert problem["code"] == code, problem
    assert response.headers["content-type"] == problems.MEDIA_TYPE
    assert response.status_code == problem["status"] == problems.KINDS[code].status
    assert problem["type"] == f"urn:unbait:problem:{code}"
    return problem


def test_the_answer_is_the_librarys(http: httpx.Client) -> None:
    answer = http.post("/v1/clean", json={"text": ARTICLE, "id": "x"}).json()
    expected = Cleaner().clean(ARTICLE)
    assert answer["text"] == expected.text == CLEAN
    assert answer["audit"] == json.loads(json.dumps(expected.audit(id="x")))
    jsonschema.validate(answer["audit"], schema())


def test_every_request_has_its_own_policy(http: httpx.Client) -> None:
    flagged = http.post("/v1/clean", json={"text": ARTICLE, "policy": "flag"}).json()
    assert flagged["text"] == ARTICLE
    assert "flag" in {d["action"] for d in flagged["audit"]["decisions"]}
    kept = http.post("/v1/clean", json={"text": ARTICLE, "remove": ["teaser"]}).json()
    assert kept["text"] == ARTICLE
    page = http.post("/v1/clean", json={"html": PAGE, "policy": "flag"}).json()
    assert AD in page["text"]
    assert AD not in http.post("/v1/clean", json={"html": PAGE}).json()["text"]


def test_policies_share_one_model() -> None:
    cleaner = Cleaner()
    cleaner.clean_html(PAGE)
    other = cleaner.with_policy(Policy.flag())
    assert other.clean(ARTICLE).text == ARTICLE
    assert AD in other.clean_html(PAGE).text
    assert cleaner.clean(ARTICLE).text == CLEAN
    assert other.__dict__["_model"] is cleaner.__dict__["_model"]


def test_fields_choose_the_answer(http: httpx.Client) -> None:
    everything = "text,input,audit,verdict,notes,decisions"
    answer = http.post("/v1/clean", params={"fields": everything}, json={"text": ARTICLE}).json()
    assert ",".join(answer) == "text,input,verdict,notes,audit,decisions"
    assert answer["input"] == ARTICLE
    assert answer["decisions"] == answer["audit"]["decisions"]
    assert answer["verdict"] == answer["audit"]["verdict"]
    only = http.post("/v1/clean", params={"fields": "text"}, json={"text": ARTICLE}).json()
    assert only == {"text": CLEAN}
    refused(http.post("/v1/clean", params={"fields": "all"}, json={"text": ""}), "REQUEST_INVALID")


@pytest.mark.parametrize("charset", ["utf-8", "utf-16", "cp1252"])
def test_raw_text_in_any_charset(http: httpx.Client, charset: str) -> None:
    text = ARTICLE.replace("harbour master", "harbour master José")
    answer = http.post(
        "/v1/clean",
        content=text.encode(charset),
        headers={"content-type": f"text/plain; charset={charset}"},
        params={"lang": "en", "url": "https://news.example/ferry", "policy": "flag"},
    ).json()
    assert answer["text"] == text
    assert answer["audit"]["source"]["exact"]
    assert answer["audit"]["url"] == "https://news.example/ferry"
    jsonschema.validate(answer["audit"], schema())


def test_raw_page(http: httpx.Client) -> None:
    answer = http.post("/v1/clean", content=PAGE, headers={"content-type": "text/html"}).json()
    assert GOOD in answer["text"] and AD not in answer["text"]
    assert answer["audit"]["source"]["type"] == "html"
    jsonschema.validate(answer["audit"], schema())


def test_each_document_of_a_batch_has_its_own_result_or_error(http: httpx.Client) -> None:
    documents = [{"id": "a", "text": ARTICLE}, {"id": "b"}, 7, {"html": PAGE}, {"text": ""}]
    answer = http.post("/v1/clean/batch", params={"fields": "text"}, json={"documents": documents})
    first, second, third, page, empty = answer.json()["results"]
    assert first == {"id": "a", "text": CLEAN}
    assert (second["id"], second["error"]["code"]) == ("b", "REQUEST_INVALID")
    assert third["error"]["errors"][0]["where"] == "documents/2"
    assert AD not in page["text"]
    assert empty == {"text": ""}
    assert http.post("/v1/clean/batch", json={"documents": []}).json() == {"results": []}


def test_paragraph_scores(http: httpx.Client) -> None:
    rows = http.post("/v1/score", json={"text": ARTICLE}).json()["paragraphs"]
    assert [ARTICLE[one["start"] : one["end"]] for one in rows] == [GOOD, AD, GOOD]
    assert rows[1]["score"] > 0.5 > rows[0]["score"]


def test_headline_scores(http: httpx.Client) -> None:
    response = http.post("/v1/score", json={"headlines": ["Ferry to reopen", "You won't believe"]})
    plain, bait = (one["score"] for one in response.json()["headlines"])
    assert 0 <= plain < bait <= 1


def test_hostile_texts_have_answers(http: httpx.Client) -> None:
    answer = http.post(
        "/v1/clean",
        params={"fields": "text"},
        content=rb'{"text":"half \ud800 a character \u0000"}',
        headers={"content-type": "application/json"},
    )
    assert json.loads(answer.content)["text"] == "half \ud800 a character \0"
    for text in ("\u202e" * 1000, "<" * 50_000, "a" * 1_000_000, "\n" * 100_000):
        answer = http.post("/v1/clean", json={"text": text}, params={"fields": "text"})
        assert answer.status_code == 200
    deep = http.post("/v1/clean", json={"html": "<b>" * 50_000}, params={"fields": "notes"})
    assert deep.status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/v1/clean", b"{", "JSON_SYNTAX"),
        ("/v1/clean", b'{"text": NaN}', "JSON_SYNTAX"),
        ("/v1/clean", b"[" * 50 + b"]" * 50, "JSON_TOO_DEEP"),
        ("/v1/clean", b"[" * 100_000, "JSON_TOO_DEEP"),
        ("/v1/clean", b'{"\\ud800":' * 100_000, "JSON_TOO_DEEP"),
        ("/v1/clean", b'{"text":"a","html":"b"}', "REQUEST_INVALID"),
        ("/v1/clean", b'{"text":"a","pattern":"b"}', "REQUEST_INVALID"),
        ("/v1/clean", b'{"text":"a","model":"/etc"}', "REQUEST_INVALID"),
        ("/v1/clean", b'{"text":"a","url":"http://["}', "REQUEST_INVALID"),
        ("/v1/clean", b'{"text":"a","threshold":0}', "REQUEST_INVALID"),
        ("/v1/clean/batch", b'{"documents":{}}', "REQUEST_INVALID"),
        ("/v1/score", b"{}", "REQUEST_INVALID"),
    ],
)
def test_wrong_bodies(http: httpx.Client, path: str, body: bytes, code: str) -> None:
    refused(http.post(path, content=body, headers={"content-type": "application/json"}), code)


def test_wrong_routes_methods_and_types(http: httpx.Client) -> None:
    refused(http.get("/v2"), "NOT_FOUND")
    wrong = http.get("/v1/clean")
    refused(wrong, "METHOD_NOT_ALLOWED")
    assert wrong.headers["allow"] == "POST"
    image = {"content-type": "image/png"}
    refused(http.post("/v1/clean", content=b"x", headers=image), "MEDIA_TYPE_UNSUPPORTED")
    refused(http.post("/v1/clean/stream", content=b"x", headers=image), "MEDIA_TYPE_UNSUPPORTED")
    for name in ("base64", "no-such", "\udcff"):
        headers = {"content-type": f"text/plain; charset={name}".encode("utf-8", "replace")}
        refused(http.post("/v1/clean", content=b"x", headers=headers), "CHARSET_UNSUPPORTED")


def test_errors_never_repeat_the_document(http: httpx.Client) -> None:
    body = {"text": "secret words", "threshold": "secret", "secret": 1}
    assert "words" not in http.post("/v1/clean", json=body).text


def test_rules_and_models(http: httpx.Client) -> None:
    listed = http.get("/v1/rules", params={"category": "ad", "lang": "en", "limit": 2}).json()
    assert listed["total"] > 2 and len(listed["rules"]) == 2
    whole = http.get(f"/v1/rules/{listed['rules'][0]['id']}").json()
    assert whole["pattern"] and len(whole["match"]) >= 2 and len(whole["no_match"]) >= 2
    refused(http.get("/v1/rules/NOPE"), "RULE_UNKNOWN")
    names = [one["name"] for one in http.get("/v1/models").json()["models"]]
    assert "paragraph" in names


def test_health_and_headers(http: httpx.Client) -> None:
    assert http.get("/healthz").json() == {"status": "ok"}
    assert http.get("/readyz").json() == {"status": "ready"}
    given = http.get("/healthz", headers={"x-request-id": "abc-1"})
    assert given.headers["x-request-id"] == "abc-1"
    made = http.get("/healthz", headers={"x-request-id": "not good\\"})
    assert made.headers["x-request-id"] != "not good\\"
    assert made.headers["x-content-type-options"] == "nosniff"
    foreign = http.options("/v1/clean", headers={"origin": "https://other.example"})
    assert "access-control-allow-origin" not in foreign.headers


def test_metrics_count(http: httpx.Client) -> None:
    http.post("/v1/clean", json={"text": ARTICLE})
    page = ""
    for _ in range(50):  # a worker says that it is idle a moment after its answer
        page = http.get("/metrics").text
        if 'unbait_workers{state="idle"} 1.0' in page:
            break
        time.sleep(0.1)
    for name in (
        'unbait_requests_total{method="POST",route="/v1/clean",status="200"}',
        'unbait_request_seconds_count{route="/v1/clean"}', 'unbait_bytes_total{direction="in"}',
        'unbait_documents_total{outcome="cleaned"}', 'unbait_cuts_total{category="ad"}',
        'unbait_workers{state="idle"} 1.0', "unbait_queue_requests 0.0", "unbait_connections ",
    ):  # fmt: skip
        assert name in page, name


def test_no_text_in_the_log(http: httpx.Client, server: Server) -> None:
    secret = "a-sentence-nobody-may-log"
    http.post("/v1/clean", json={"text": secret}, params={"title": secret})
    http.post("/v1/clean", json={"text": secret, "url": f"http://[{secret}"})
    assert secret not in server.log.read_text()


def test_an_unexpected_error_is_logged_without_the_text(caplog: pytest.LogCaptureFixture) -> None:
    """Neither the message of the error nor half an answer goes out."""
    secret = "a-sentence-nobody-may-log"
    sent: list[str] = []
    aborted: list[bool] = []

    async def fails(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/late":
            await send({"type": "http.response.start", "status": 200, "headers": []})
        secret.encode().decode("utf-16")  # UnicodeDecodeError holds the whole text

    async def send(message: Any) -> None:
        sent.append(str(message))

    async def call(path: str) -> None:
        scope = {"type": "http", "method": "GET", "path": path, "headers": [], "route": None}
        await Frame(fails, Service(Settings()))(
            scope | {ABORT: lambda: aborted.append(True)}, lambda: None, send  # type: ignore[arg-type]
        )

    asyncio.run(call("/early"))
    assert "INTERNAL" in sent[1] and not aborted
    asyncio.run(call("/late"))
    assert aborted
    assert "UnicodeDecodeError" in caplog.text
    assert secret not in caplog.text and secret not in "".join(sent)


def test_openapi_examples_do_what_they_say(http: httpx.Client) -> None:
    document = http.get("/openapi.json").json()
    sent = set()
    for path, operations in document["paths"].items():
        content = operations.get("post", {}).get("requestBody", {}).get("content", {})
        for media_type, body in content.items():
            for name, example in body.get("examples", {}).items():
                sent.add(name)
                response = http.post(
                    path, content=json.dumps(example["value"]),
                    headers={"content-type": media_type},
                )  # fmt: skip
                assert response.status_code in (200, 501), response.text
                answers = document["paths"][path]["post"]["responses"]
                answer = answers[str(response.status_code)]["content"]
                found = {"$ref": next(iter(answer.values()))["schema"]["$ref"]}
                jsonschema.validate(response.json(), {**document, **found})
    assert sent == set(openapi.examples())


def test_docs_hold_the_tables() -> None:
    text = DOCS.read_text()
    assert settings.table() in text
    assert problems.table() in text


def test_the_figures_are_those_of_the_docs_and_hold() -> None:
    """Of a shared machine only the shares of processor time travel, not the rates."""
    figures = json.loads(FIGURES.read_text())
    assert bench_service.table(figures["load"]) in DOCS.read_text()
    rows = figures["load"]["rows"]
    library, batch = rows["library"], rows["service, batches of 100"]
    assert library["processor_ms_per_document"] >= 0.8 * batch["processor_ms_per_document"]
    assert all(row["health_p99_ms"] < 50 for name, row in rows.items() if "service" in name)
    held = figures["soak"]["megabytes"]
    assert max(held[len(held) // 2 :]) < 1.05 * max(held[: len(held) // 2])


def test_settings_come_from_file_environment_and_arguments(tmp_path: Path) -> None:
    path = tmp_path / "unbait.toml"
    path.write_text('port = 1\nworkers = 2\nhost = "a"\napi_keys = ["x", "y"]\n')
    made = load(path, {"UNBAIT_WORKERS": "3", "UNBAIT_HOST": "b", "UNBAIT_RATE": "0.5"}, host="c")
    assert (made.port, made.workers, made.host, made.rate) == (1, 3, "c", 0.5)
    assert made.keys() == ("x", "y")
    assert load(None, {"UNBAIT_CONFIG": str(path)}).port == 1
    assert load(None, {"UNBAIT_API_KEYS": "x, y", "UNBAIT_ACCESS_LOG": "no"}).keys() == ("x", "y")
    keys = tmp_path / "keys"
    keys.write_text("one\n\ntwo\n")
    assert Settings(api_keys_file=str(keys)).keys() == ("one", "two")


@pytest.mark.parametrize(
    "environ",
    [{"UNBAIT_PORT": "http"}, {"UNBAIT_BODY_BYTES": "0"}, {"UNBAIT_RATE": "nan"},
     {"UNBAIT_ACCESS_LOG": "perhaps"}, {"UNBAIT_CONFIG": "/no/such/file.toml"}],
)  # fmt: skip
def test_wrong_settings_are_named(environ: dict[str, str]) -> None:
    with pytest.raises(InputError) as caught:
        load(None, environ)
    assert caught.value.code == "SETTING_INVALID"


def test_unknown_settings_are_named(tmp_path: Path) -> None:
    path = tmp_path / "unbait.toml"
    path.write_text("prot = 1\n")
    with pytest.raises(InputError, match="prot"):
        load(path, {})
    path.write_text("port = true\n")
    with pytest.raises(InputError, match="port"):
        load(path, {})


def test_a_service_that_cannot_load_its_model_says_so(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="MODEL_MISSING"):
        Server(model=tmp_path / "none")
