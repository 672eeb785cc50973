"""What turns build/docs into build/site, and serves it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from qmsctl import shelf, timing
from qmsctl.engines.alone import BuildFault, alone

__all__ = ["STATE", "BuildFault", "Started", "alone", "build", "configuration", "started"]
PACKAGE = Path(__file__).resolve().parent.parent
STATE = shelf.FOLDER / "site"
"""What is known of the site as last built."""
FRESH = Path("build", "site.new")
"""Where a site is built before it takes the place of the last one."""
CONFIGURATION = ".mkdocs.build.yml"
"""The file that says how, while it is built."""


class Started:
    """The program that builds, started ahead of its work: it reads its own parts while pages are still written.

    It also looks at the files that are there; if they are the same when it has to build, that is done.
    """

    def __init__(self, root: Path) -> None:
        from qmsctl.engines import mkdocs

        self._process = subprocess.Popen(
            mkdocs.quick_command(),
            cwd=root,
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdin is not None
        with contextlib.suppress(OSError, UnicodeError):  # then it will look when it has to build
            there = [str(root / CONFIGURATION), settings_of(root, root / FRESH)]
            self._process.stdin.write(json.dumps(there) + "\n")
            self._process.stdin.flush()
            return
        with contextlib.suppress(OSError):
            self._process.stdin.write("null\n")

    def run(self, *places: Path) -> subprocess.CompletedProcess[str]:
        """Let it build; wait until it has."""
        output, errors = self._process.communicate(json.dumps([str(place) for place in places]) + "\n")
        return subprocess.CompletedProcess(self._process.args, self._process.returncode, output, errors)

    def close(self) -> None:
        """Let it end if it had nothing to do."""
        if self._process.returncode is None:
            self._process.communicate()


def started(root: Path, engine: str) -> contextlib.AbstractContextManager[Started | None]:
    """Start the program that builds, where that can be done ahead."""
    return contextlib.closing(Started(root)) if engine == "mkdocs" else contextlib.nullcontext()


def build(
    root: Path,
    engine: str = "mkdocs",
    say: Callable[[str], None] | None = None,
    ahead: Started | None = None,
) -> Path:
    """Build the intranet of a system; return its folder. Raises BuildFault and leaves the last good one.

    ``say`` is told, in one line, why it takes longer than it could; ``ahead`` is what was `started`.
    """
    fresh = root / FRESH
    target = root / "build" / "site"
    with alone(root):
        if fresh.is_symlink() or target.is_symlink():
            raise BuildFault("build/ is a link, or holds one; what is built would go elsewhere. Delete it")
        shutil.rmtree(fresh, ignore_errors=True)
        settings = configuration(root, fresh)
        try:
            done, merged = _run(root, engine, settings, fresh, say, ahead)
        finally:
            settings.unlink(missing_ok=True)
        if merged:
            return target
        if done.returncode != 0 or not (fresh / "index.html").is_file():
            shutil.rmtree(fresh, ignore_errors=True)
            said = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
            raise BuildFault(f"{engine} could not build the intranet:\n" + "\n".join(said[-12:]))
        old = root / "build" / "site.old"
        shutil.rmtree(old, ignore_errors=True)
        if target.exists():
            target.rename(old)
        fresh.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    return target


def _run(
    root: Path, engine: str, settings: Path, fresh: Path, say: Callable[[str], None] | None, ahead: Started | None
) -> tuple[subprocess.CompletedProcess[str], bool]:
    """Run the engine; where the quick way to run it does not apply, the plain one.

    Also tells whether it has put what is new into the last site, which then needs not be replaced.
    """
    from qmsctl.engines import mkdocs, zensical

    if engine == "zensical":
        return _program(zensical.command(settings), root), False
    done = (ahead or Started(root)).run(settings, root / "build" / "site", root / STATE)
    answer = mkdocs.answer(done.returncode, done.stdout)
    timing.count("pages rendered", answer.get("rendered", 0))
    timing.count("pages unchanged", answer.get("stayed", 0))
    if "plain" in answer:
        if say is not None:
            say(f"MkDocs builds all pages anew: {answer['plain']}")
        shutil.rmtree(fresh, ignore_errors=True)
        done = _program(mkdocs.command(settings), root)
    return done, bool(answer.get("merged"))


def _program(command: list[str], root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=root,
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def _environment() -> dict[str, str]:
    """Return the environment without what could put files of the system in place of programs."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def configuration(root: Path, site: Path) -> Path:
    """Write the configuration for this build. Raises BuildFault."""
    file = root / CONFIGURATION
    if file.is_symlink():
        raise BuildFault(f"{file.name} is a link; what is written there would go elsewhere. Delete it")
    file.write_text(settings_of(root, site), encoding="utf-8")
    return file


def settings_of(root: Path, site: Path) -> str:
    """Return the configuration for a build: the repository's mkdocs.yml, else the usual one. Raises OSError."""
    # Here, for the process that builds imports this package and needs none of it.
    from qmsctl.config import FILE
    from qmsctl.itemfile import parse_yaml_bytes
    from qmsctl.model import mapping_of

    own = root / "mkdocs.yml"
    text = (own if own.is_file() else PACKAGE / "pages" / "mkdocs.yml").read_text(encoding="utf-8")
    settings, _ = parse_yaml_bytes((root / FILE).read_bytes())
    address = mapping_of((settings or {}).get("site")).get("address")
    lines = []
    to = f"site_dir: {site.relative_to(root).as_posix()}"
    for line in text.split("\n"):
        name = line.split(":", 1)[0]
        if name == "site_dir":
            line = to
        elif name == "site_name" and not own.is_file():
            line = f"site_name: {_text((settings or {}).get('organisation', 'Our management system'))}"
        elif name == "site_url":
            address = None
        lines.append(line)
    if isinstance(address, str):
        # Where a page is missing, the one that says so must find its styles from any depth.
        lines.append(f"site_url: {_text(address.rstrip('/') + '/')}")
    if to not in lines:
        lines.append(to)  # else MkDocs would build into site/, which holds sources here
    return "\n".join(lines) + "\n"


def _text(value: object) -> str:
    """A text as YAML reads it, without what themes would not escape."""
    from qmsctl.model import harmless

    return json.dumps(harmless(str(value)))
