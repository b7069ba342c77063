"""Make docs/images/service-page.png and service-phone.png: the page of the service in Chromium.

.venv/bin/python docs/capture_page.py     (needs pillow, playwright and a chromium on PATH)
"""

import io
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from service_running import Server  # noqa: E402 - tests are no package

COLOURS = 96  # of a palette: a third of the bytes
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-lcd-text"]


def capture(browser: Browser, url: str, name: str, **options: object) -> None:
    """Clean the example, show why one piece goes, and take the picture."""
    page = browser.new_context(**options).new_page()  # type: ignore[arg-type]
    page.goto(url)
    page.click("#sample")
    page.wait_for_selector(".piece.remove")
    page.locator(".piece.teaser").first.click()
    page.wait_for_selector("#why:not([hidden])")
    picture = Image.open(io.BytesIO(page.screenshot()))
    picture.convert("RGB").quantize(COLOURS).save(ROOT / "docs/images" / name, optimize=True)


def main() -> None:
    """Take both pictures of the real service."""
    server = Server(workers=1)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=FLAGS
        )
        wide = {"width": 1200, "height": 860}
        capture(browser, server.url, "service-page.png", viewport=wide)
        capture(
            browser, server.url, "service-phone.png", viewport={"width": 390, "height": 844},
            is_mobile=True, has_touch=True, color_scheme="dark",
        )  # fmt: skip
        browser.close()
    server.stop()


if __name__ == "__main__":
    main()
