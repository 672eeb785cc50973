"""The errors a change would bring, now and on every day on which something takes effect."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from qmsctl import checks
from qmsctl.gate.run import Run
from qmsctl.history import git
from qmsctl.history.revisions import History
from qmsctl.history.trees import SUBMODULE, Tree
from qmsctl.loader import load
from qmsctl.model import Finding


def fresh_findings(
    run: Run, history: History, merged: str, today: str
) -> tuple[list[Finding], list[tuple[str, Finding]], list[Finding]]:
    """Return (new errors today, new errors on days to come, what was there before)."""
    control = run.rules.since <= today
    config = run.base.loaded.config
    judged_by = dataclasses.replace(
        run.new.loaded.config, levels=config.levels, waivers=config.waivers, as_of=config.as_of
    )
    new_loaded = dataclasses.replace(run.new.loaded, config=judged_by)
    known = history if control else None
    after = checks.run(new_loaded, today, history=known).findings
    paths = {path.removeprefix(run.prefix) for path in run.changed_paths()}
    fresh = _new_errors(after, lambda: checks.run(run.base.loaded, today, history=known).findings)
    fresh.sort(key=lambda f: f.position.path not in paths)
    older = [f for f in after if f not in fresh]
    pending: list[tuple[str, Finding]] = []
    if control:
        top = {p: entry for p, entry in run.whole_new.files.items() if run.whole_base.files.get(p) != entry}
        touches = tuple(
            git.Touch(path, run.whole_base.files.get(path, ("", ""))[1], run.whole_new.files.get(path, ("", ""))[1], "")
            for path in run.changed_paths()
        )
        contents = {blob: run.whole_new.read(path) for path, (mode, blob) in top.items() if mode != SUBMODULE}
        coming = history.with_landing(merged, run.now, touches, contents)
        types = run.new.loaded.types
        for day in sorted({today, *coming.pending_days(today)}):
            view = coming.files_on(day, types, today)
            if day == today and view == run.new.tree.files:
                continue
            later = _findings_in(run, view, day)
            new = _new_errors(later, partial(_earlier, run, history, day, today))
            said = [f for _, f in pending]
            pending += [(day, f) for f in new if f not in said and f not in fresh]
    return fresh, pending, older


def _earlier(run: Run, history: History, day: str, today: str) -> list[Finding]:
    return _findings_in(run, history.files_on(day, run.base.loaded.types, today), day)


def _findings_in(run: Run, files: Mapping[str, tuple[str, str]], day: str) -> list[Finding]:
    tree = Tree(run.repository, files)
    with tree.folder() as place:
        loaded = load(place)
        levels, waivers = run.base.loaded.config.levels, run.base.loaded.config.waivers
        fixed = dataclasses.replace(loaded.config, levels=levels, waivers=waivers)
        return list(checks.run(dataclasses.replace(loaded, config=fixed), day).findings)


def _new_errors(after: Iterable[Finding], before: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """Return the errors that were not there before, however often; what was there is looked up only if there are any."""
    errors = [finding for finding in after if finding.level == "error"]
    if not errors:
        return []
    known = Counter((f.check, f.position.path, f.message) for f in before() if f.level == "error")
    found = []
    for finding in errors:
        key = (finding.check, finding.position.path, finding.message)
        if known[key]:
            known[key] -= 1
        else:
            found.append(finding)
    return found
