"""What `kit/kept_caches.py` keeps between the tests inside Odoo shows no test of another."""

import subprocess

from common import ADDONS, PYTHON, ROOT
from database import odoo_environment, scratch, write_config
from templates import FULL

DATABASE = "test_kept_caches"
ADDONS_OF_TESTS = ROOT / "tests" / "addons"
CASES = ADDONS_OF_TESTS / "order_status_test" / "tests" / "kept_caches.py"


def test_no_test_sees_what_another_wrote(pg):
    options = ["--color=no", "-p", "no:cacheprovider", "-p", "tests.kit.kept_caches"]
    config = write_config(DATABASE, DATABASE, addons_path=f"{ADDONS},{ADDONS_OF_TESTS}")
    command = [PYTHON, "-m", "pytest", *options, f"--odoo-config={config}", CASES]
    with scratch(pg, DATABASE, FULL):
        result = subprocess.run(
            command, cwd=ROOT, env=odoo_environment(pg), capture_output=True, text=True, check=False
        )
    assert "5 passed" in result.stdout, result.stdout
