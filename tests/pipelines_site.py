"""A real site on this machine, for crawls."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.pipelines_given import page

PAGES = 6


class Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        links = "".join(f"<li><a class=item href='/{i}'>Item {i}</a>" for i in range(PAGES))
        number = self.path.strip("/")
        body = (page(int(number)) if number else f"<html><ul>{links}</ul></html>").encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()
