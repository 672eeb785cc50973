"""What the steps of one judgement share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from qmsctl.approvals.documents import State
from qmsctl.approvals.evidence import PullRequest
from qmsctl.approvals.hands import Contributions
from qmsctl.approvals.people import People
from qmsctl.approvals.register import Register
from qmsctl.approvals.votes import Policy
from qmsctl.config import Approvals
from qmsctl.gate.decision import Obstacle
from qmsctl.history.trees import Tree


@dataclass
class Run:
    """What the steps of one judgement share."""

    repository: Path
    prefix: str
    base: State
    new: State
    whole_base: Tree
    whole_new: Tree
    rules: Approvals
    people: People
    policy: Policy
    register: Register
    work: Contributions
    pull: PullRequest | None
    now: str
    obstacles: list[Obstacle] = field(default_factory=list)

    def block(self, check: str, message: str, help: str, path: str = "", item: str = "") -> None:
        self.obstacles.append(Obstacle(check, message, help, path, item))

    @property
    def logins(self) -> Mapping[str, str]:
        return self.pull.logins if self.pull else {}

    def changed_paths(self) -> list[str]:
        """Return the paths, from the top of the repository, that differ between base and merge."""
        old, new = self.whole_base.files, self.whole_new.files
        return sorted(path for path in {*old, *new} if old.get(path) != new.get(path))
