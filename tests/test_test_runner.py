"""What `make test` runs, and what it counts as failed."""

import contextlib
import itertools
import os
import subprocess
import sys

import common
import pytest
import run_tests
import templates
from common import ADDONS, ROOT


def read_result(tmp_path, body, code, keyword=None):
    path = tmp_path / "result.xml"
    path.write_text(f"<testsuites><testsuite>{body}</testsuite></testsuites>")
    return run_tests.read_result(path, code, keyword)


def test_skipped_test_counts_as_failed(tmp_path):
    body = (
        '<testcase classname="a" name="b"/><testcase classname="a" name="c"><skipped/></testcase>'
    )
    assert read_result(tmp_path, body, 0) == (1, 1)


@pytest.mark.parametrize("code", [2, 3, 5])
def test_broken_off_run_counts_as_failed(tmp_path, code):
    assert read_result(tmp_path, "", code) == (0, 1)


def test_nothing_to_run_is_right_when_a_filter_asked_for_it(tmp_path):
    assert read_result(tmp_path, "", 5, "word") == (0, 0)


def test_missing_result_counts_as_failed(tmp_path):
    assert run_tests.read_result(tmp_path / "none.xml", 1, None) == (0, 1)


def test_group_is_not_tested_in_its_template(monkeypatch):
    used = []

    @contextlib.contextmanager
    def scratch(_pg, name, template):
        used.append(name)
        assert name != template
        yield name

    monkeypatch.setattr(run_tests, "scratch", scratch)
    monkeypatch.setattr(run_tests, "pytest", lambda *_arguments: 0)
    monkeypatch.setattr(run_tests, "ensure_full", lambda _pg: templates.FULL)
    monkeypatch.setattr(run_tests, "ensure_alone", lambda _pg, addon: f"test_alone_{addon}")
    groups = {name: addons for name, addons in run_tests.groups().items() if addons}
    for name, addons in groups.items():
        run_tests.run_group({}, name, addons, None)
    assert len(set(used)) == len(groups)


def test_every_addon_with_tests_is_in_a_group():
    groups = run_tests.groups()
    tested = {name for name in common.manifests() if list((ADDONS / name).glob("tests/test_*.py"))}
    glue = {name for name in tested if common.manifests()[name].get("auto_install")}
    for surrounding, expected in (("full/", tested), ("alone/", tested - glue)):
        found = [addons for name, addons in groups.items() if name.startswith(surrounding)]
        assert set(itertools.chain(*found)) == expected


def test_failing_job_ends_the_others():
    # In a process of its own: what this one started must live.
    code = (
        "import run_tests, subprocess, sys\n"
        "def call(fails): sys.exit('no') if fails else subprocess.run(['sleep', '60'])\n"
        "run_tests.side_by_side(call, [(False,), (True,), (False,)])\n"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT / "scripts")}
    options = {"env": env, "capture_output": True, "text": True, "timeout": 40, "check": False}
    result = subprocess.run([sys.executable, "-c", code], **options)
    assert (result.returncode, result.stderr) == (1, "no\n")
