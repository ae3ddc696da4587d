"""What pytest-odoo leaves out of what Odoo's own test runner sets up."""

import threading

import pytest

from odoo.tests.common import get_db_name


@pytest.fixture(scope="session", autouse=True)
def thread_database(load_registry):
    """Tell the main thread its database: Odoo's routing map asks the thread."""
    threading.current_thread().dbname = get_db_name()
