"""Take the pictures in docs/: python scripts/screenshots.py build/lived/build/site docs/pictures

It needs the intranet as `make run` builds it, Chromium and the package playwright.
"""

from __future__ import annotations

import shutil
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

DESK, LAPTOP, PHONE = (1440, 900), (1024, 768), (390, 844)
PICTURES = {
    "front": ("index.html", DESK, "light"),
    "front-dark": ("index.html", LAPTOP, "dark"),
    "front-phone": ("index.html", PHONE, "light"),
    "strategy": ("strategy.html", DESK, "light"),
    "process": ("processes/PRC-007.html", DESK, "light"),
    "process-phone": ("processes/PRC-007.html", PHONE, "light"),
    "turtle": ("processes/PRC-007.html#turtle", DESK, "light"),
    "sop": ("sops/SOP-014.html", DESK, "light"),
    "role": ("roles/inspector.html", DESK, "light"),
    "register": ("documents.html", DESK, "light"),
    "search": ("search.html?q=part+fails+incoming+inspection", DESK, "light"),
    "kpi": ("kpis/KPI-001.html", DESK, "light"),
    "compliance": ("compliance/STD-001.html", DESK, "light"),
    "executive": ("executive.html", DESK, "light"),
    "interactions": ("interactions.html", DESK, "light"),
    "calendar": ("calendar.html", DESK, "light"),
    "german": ("de/sops/SOP-014.html", DESK, "light"),
}


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def main(site: Path, target: Path) -> None:
    from playwright.sync_api import sync_playwright

    target.mkdir(parents=True, exist_ok=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    Thread(target=server.serve_forever, daemon=True).start()
    program = next(
        (found for n in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(n))), None
    )
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context()
        page = context.new_page()
        page.goto(
            f"http://127.0.0.1:{server.server_address[1]}/index.html", wait_until="networkidle"
        )  # fetches the font
        for name, (path, (wide, high), scheme) in PICTURES.items():
            if not (site / path.split("?")[0].split("#")[0]).is_file():
                raise SystemExit(f"{site / path} is missing; build the intranet first: make run")
            page.set_viewport_size({"width": wide, "height": high})
            page.emulate_media(color_scheme=scheme)
            page.goto("about:blank")
            page.goto(f"http://127.0.0.1:{server.server_address[1]}/{path}", wait_until="networkidle")
            page.evaluate("document.fonts.ready.then(() => 1)")
            page.wait_for_timeout(200)
            page.screenshot(path=str(target / f"{name}.png"))
            print(target / f"{name}.png")
        browser.close()
    server.shutdown()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
