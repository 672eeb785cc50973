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
from qmsctl.engines.alone import BuildFault, alone, held

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

    It also looks at the files that are there, and begins with the pages as soon as these are.
    """

    def __init__(self, root: Path) -> None:
        from qmsctl.engines import mkdocs

        self._root = root
        self._begun = self._last = False
        self._process = subprocess.Popen(
            mkdocs.quick_command(),
            cwd=root,
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        text = None
        with contextlib.suppress(OSError, UnicodeError):  # then it will look when it has to begin
            text = settings_of(root, root / FRESH)
        places = root / "build" / "site", root / STATE
        self._tell(json.dumps([str(root / CONFIGURATION), text, *map(str, places), held(root)]))

    def pages_are_there(self) -> None:
        """Let it begin: the theme is there, and all sources but those of the search. Raises BuildFault."""
        if not self._begun:
            _clear(self._root)
            configuration(self._root, self._root / FRESH)
            self._begun = True
            self._tell("pages")

    def all_is_there(self) -> None:
        """Let it build. Raises BuildFault."""
        self.pages_are_there()
        if not self._last:
            self._last = True
            self._tell("all")

    def run(self) -> subprocess.CompletedProcess[str]:
        """Wait until it has built. Raises BuildFault."""
        self.all_is_there()
        output, errors = self._process.communicate()
        return subprocess.CompletedProcess(self._process.args, self._process.returncode, output, errors)

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # it has ended, which is seen in the end
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()

    def close(self) -> None:
        """Let it end, also if it had nothing to do."""
        if self._process.returncode is None:
            self._process.communicate()
            if self._begun:
                shutil.rmtree(self._root / FRESH, ignore_errors=True)
        if self._begun:
            (self._root / CONFIGURATION).unlink(missing_ok=True)


def started(root: Path, engine: str) -> contextlib.AbstractContextManager[Started | None]:
    """Start the program that builds, where that can be done ahead; it is to be closed before others may build."""
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
        done, merged = _with_zensical(root) if engine == "zensical" else _with_mkdocs(root, say, ahead)
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


def _clear(root: Path) -> None:
    """Make room for what is built. Raises BuildFault."""
    if any((root / place).is_symlink() for place in (FRESH, FRESH.with_name("site"))):
        raise BuildFault("build/ is a link, or holds one; what is built would go elsewhere. Delete it")
    shutil.rmtree(root / FRESH, ignore_errors=True)


def _with_zensical(root: Path) -> tuple[subprocess.CompletedProcess[str], bool]:
    from qmsctl.engines import zensical

    _clear(root)
    settings = configuration(root, root / FRESH)
    try:
        return _program(zensical.command(settings), root), False
    finally:
        settings.unlink(missing_ok=True)


def _with_mkdocs(
    root: Path, say: Callable[[str], None] | None, ahead: Started | None
) -> tuple[subprocess.CompletedProcess[str], bool]:
    """Run MkDocs; where the quick way to run it does not apply, the plain one.

    Also tells whether it has put what is new into the last site, which then needs not be replaced.
    """
    from qmsctl.engines import mkdocs

    with contextlib.nullcontext(ahead) if ahead is not None else contextlib.closing(Started(root)) as engine:
        done = engine.run()
        answer = mkdocs.answer(done.returncode, done.stdout)
        timing.count("pages rendered", answer.get("rendered", 0))
        timing.count("pages unchanged", answer.get("stayed", 0))
        if "plain" in answer:
            if say is not None:
                say(f"MkDocs builds all pages anew: {answer['plain']}")
            shutil.rmtree(root / FRESH, ignore_errors=True)
            done = _program(mkdocs.command(root / CONFIGURATION), root)
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
