"""What turns build/docs into build/site, and serves it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

from qmsctl.config import FILE
from qmsctl.loader import parse_yaml_bytes
from qmsctl.model import harmless, mapping_of

PACKAGE = Path(__file__).resolve().parent.parent


class BuildFault(RuntimeError):
    """The intranet could not be built; the message says what the engine said."""


def build(root: Path, engine: str = "mkdocs") -> Path:
    """Build the intranet of a system; return its folder. Raises BuildFault and leaves the last good one."""
    from qmsctl.engines import mkdocs, zensical

    command = {"mkdocs": mkdocs.command, "zensical": zensical.command}[engine]
    fresh = root / "build" / "site.new"
    if any(folder.is_symlink() for folder in (root / "build", fresh, root / "build" / "site")):
        raise BuildFault("build/ is a link, or holds one; what is built would go elsewhere. Delete it")
    shutil.rmtree(fresh, ignore_errors=True)
    settings = configuration(root, fresh)
    try:
        done = subprocess.run(
            command(settings),
            cwd=root,
            env=_environment(),
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    finally:
        settings.unlink(missing_ok=True)
    if done.returncode != 0 or not (fresh / "index.html").is_file():
        shutil.rmtree(fresh, ignore_errors=True)
        said = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        raise BuildFault(f"{engine} could not build the intranet:\n" + "\n".join(said[-12:]))
    target = root / "build" / "site"
    old = root / "build" / "site.old"
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    fresh.rename(target)
    shutil.rmtree(old, ignore_errors=True)
    return target


def _environment() -> dict[str, str]:
    """Return the environment without what could put files of the system in place of programs."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def configuration(root: Path, site: Path) -> Path:
    """Write the configuration for this build: the repository's mkdocs.yml, else the usual one."""
    own = root / "mkdocs.yml"
    text = (own if own.is_file() else PACKAGE / "pages" / "mkdocs.yml").read_text(encoding="utf-8")
    settings, _ = parse_yaml_bytes((root / FILE).read_bytes())
    address = mapping_of((settings or {}).get("site")).get("address")
    lines = []
    for line in text.split("\n"):
        name = line.split(":", 1)[0]
        if name == "site_dir":
            line = f"site_dir: {site.relative_to(root).as_posix()}"
        elif name == "site_name" and not own.is_file():
            line = f"site_name: {_text((settings or {}).get('organisation', 'Our management system'))}"
        elif name == "site_url":
            address = None
        lines.append(line)
    if isinstance(address, str):
        # Where a page is missing, the one that says so must find its styles from any depth.
        lines.append(f"site_url: {_text(address.rstrip('/') + '/')}")
    file = root / ".mkdocs.build.yml"
    if file.is_symlink():
        raise BuildFault(f"{file.name} is a link; what is written there would go elsewhere. Delete it")
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def _text(value: object) -> str:
    """A text as YAML reads it, without what themes would not escape."""
    return json.dumps(harmless(str(value)))
