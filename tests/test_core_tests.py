"""How `make core-test` reads what Odoo's test runner logs, and what it makes of it."""

import core_test
import pytest
from common import Problem

LOG = """\
2026-01-01 10:00:00,000 7 INFO db odoo.addons.sale.tests.test_order: Starting TestOrder.test_a ...
2026-01-01 10:00:01,000 7 ERROR db odoo.addons.sale.tests.test_order: FAIL: TestOrder.test_a
Traceback (most recent call last):
2026-01-01 10:00:02,000 7 ERROR db odoo.addons.sale.tests.test_order: ERROR: Subtest \
TestOrder.test_b (code=1)
2026-01-01 10:00:03,000 7 INFO db odoo.addons.sale.tests.test_tour: skipped TestTour.test_c : \
Chrome executable not found
2026-01-01 10:00:04,000 7 ERROR db odoo.tests.suite: ERROR: setUpClass \
(odoo.addons.portal.tests.test_wizard.TestWizard)
2026-01-01 10:00:05,000 7 ERROR db odoo.tests.result: 1 failed, 2 error(s) of 3 tests when loading
"""


def test_log_of_odoo_is_understood(tmp_path):
    path = tmp_path / "odoo.log"
    path.write_text(LOG)
    result = core_test.read_result(path)
    assert result.tests == 3
    assert result.not_passed == {
        "/portal:TestWizard": "failed",
        "/sale:TestOrder.test_a": "failed",
        "/sale:TestOrder.test_b": "failed",
        "/sale:TestTour.test_c": "skipped: Chrome executable not found",
    }
    assert (result.count("failed"), result.count("skipped")) == (3, 1)


def test_tests_that_break_off_are_no_result(tmp_path):
    path = tmp_path / "odoo.log"
    path.write_text("2026-01-01 10:00:00,000 7 CRITICAL db odoo: the database is gone\n")
    with pytest.raises(Problem, match="broke off.*the database is gone"):
        core_test.read_result(path)


@pytest.mark.parametrize(
    ("plain", "added", "broken"),
    [((), ("/sale:T.t",), True), (("/sale:T.t",), ("/sale:T.t",), False), ((), (), False)],
)
def test_only_what_fails_again_and_not_in_plain_odoo_counts(plain, added, broken):
    assert (core_test.judge("/sale:T.t", plain, added) == "") is broken


def test_report_fails_only_for_what_the_addons_break(capsys):
    good = core_test.Result(2, {})
    bad = core_test.Result(2, {"/sale:T.t": "failed"})
    assert core_test.report({"sale": (bad, bad)}, {}) == 0
    assert core_test.report({"sale": (good, bad)}, {"/sale:T.t": "passed the second time"}) == 0
    assert core_test.report({"sale": (good, bad)}, {"/sale:T.t": ""}) == 1
    assert "Broken by the addons: 1\n  /sale:T.t  failed" in capsys.readouterr().out


def test_browser_is_out_of_reach():
    folder = core_test.folder_without_browser()
    assert {path.name for path in folder.iterdir()} <= {"wkhtmltopdf"}
