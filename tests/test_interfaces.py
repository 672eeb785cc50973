"""Files that other tools read are valid in the eyes of those tools."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import REPOSITORY


def run(*arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_hook_manifest() -> None:
    run("pre_commit", "validate-manifest", ".pre-commit-hooks.yaml")


@pytest.mark.parametrize("file", [".github/workflows/ci.yml"])
def test_workflows(file: str) -> None:
    run("check_jsonschema", "--builtin-schema", "vendor.github-workflows", file)
