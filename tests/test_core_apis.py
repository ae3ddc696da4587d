"""What we use of Odoo's private methods is in docs/core-apis.md, and is still as it says there."""

import core_apis
import pytest

CORE_ORDER = """
from odoo import models
class SaleOrder(models.Model):
    _name = "sale.order"
    def _action_cancel(self, reason=None):
        return True
    def _compute_total(self):
        return 0
"""
OWN_ORDER = """
from odoo import models
class Anything(models.Model):
    _inherit = "sale.order"
    def _action_cancel(self, reason=None):
        '''Override of `sale` to tell the warehouse. More.'''
        self._compute_total()
        return self._own() or super()._action_cancel(reason)
    def _own(self):
        return False
"""
ROW = "| `{}` | `{}` | {} | {} | {} | {} |\n"
ROWS = [
    ("sale.order._action_cancel", "(reason=None)", "sale/models/sale_order.py", "ours", "", "why"),
    ("sale.order._compute_total", "()", "sale/models/sale_order.py", "", "ours", "why"),
]


@pytest.fixture
def small(tmp_path):
    """An Odoo of one model, an addon of ours, and the register of both."""

    class Small:
        source, addons = tmp_path / "source", tmp_path / "addons"
        register = tmp_path / "core-apis.md"

        def put(self, path, text):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

        def core(self, text):
            self.put(self.source / "odoo" / "addons" / "sale" / "models" / "sale_order.py", text)

        def own(self, text, place="models/sale_order.py"):
            self.put(self.addons / "ours" / place, text)

        def rows(self, rows):
            head = f"# Head\n\n{core_apis.HEADER}\n{core_apis.RULE}\n"
            self.put(self.register, head + "".join(ROW.format(*row) for row in rows))

        def problems(self):
            rows = core_apis.read_register(self.register)
            finder = core_apis.find(rows, self.source, self.addons)
            return "\n".join(core_apis.problems(rows, finder))

    small = Small()
    for name, depends in (("base", []), ("sale", ["base"])):
        manifest = small.source / "odoo" / "addons" / name / "__manifest__.py"
        small.put(manifest, f"{{'depends': {depends}}}")
    small.put(small.addons / "ours" / "__manifest__.py", "{'depends': ['sale']}")
    small.core(CORE_ORDER)
    small.own(OWN_ORDER)
    small.rows(ROWS)
    return small


def test_register_names_every_core_method_that_we_use():
    """A failure names the method: look at it in Odoo, then `core_apis.py --write`."""
    rows = core_apis.read_register()
    found = core_apis.problems(rows, core_apis.find(rows))
    assert not found, "\n" + "\n".join(found)


def test_nothing_to_say_when_all_is_registered(small):
    assert small.problems() == ""


def test_files_may_be_moved(small):
    small.own("", "models/sale_order.py")
    small.own(OWN_ORDER, "models/sale_order/cancellation.py")
    assert small.problems() == ""


def test_unregistered_override_and_call_are_named(small):
    small.rows([])
    assert "sale.order._action_cancel (used by ours) is not in the register" in small.problems()
    assert "sale.order._compute_total (used by ours) is not in the register" in small.problems()


def test_call_in_a_template_counts(small):
    small.own("", "models/sale_order.py")
    small.own("<odoo><t t-out='order._compute_total()'/></odoo>", "views/order.xml")
    small.rows(ROWS[1:])
    assert small.problems() == ""


def test_unused_line_is_named(small):
    small.own(OWN_ORDER.replace("self._compute_total()", "pass"))
    assert small.problems() == "sale.order._compute_total: nothing uses it any more"


def test_changed_signature_is_named(small):
    small.core(CORE_ORDER.replace("def _compute_total(self)", "def _compute_total(self, rounded)"))
    assert "sale.order._compute_total: its signature is now (rounded)" in small.problems()


def test_method_that_is_gone_is_named(small):
    small.core(CORE_ORDER.replace("_action_cancel", "_cancel").replace("_compute_total", "_total"))
    told = small.problems()
    assert "sale.order._action_cancel: Odoo does not have it any more" in told
    assert "ours calls self._compute_total(), which Odoo does not have" in told


def test_line_without_a_reason_is_named(small):
    small.rows([(*ROWS[0][:-1], ""), ROWS[1]])
    assert small.problems() == "sale.order._action_cancel: the register does not say why"


@pytest.mark.parametrize(
    ("core", "ours", "told"),
    [
        ("reason=None", "reason", "needs the parameter reason, which is optional"),
        ("reason=None", "", "lacks the parameter reason"),
        ("reason=None", "text=None", "calls the parameter reason text"),
        ("reason", "reason, by", "needs the parameter by, which Odoo does not pass"),
        ("**kwargs", "reason=None", "lacks **kwargs"),
        ("reason=None", "*, reason=None", ""),
        ("reason=None", "by=None, **kwargs", ""),
        ("reason=None", "*args, **kwargs", ""),
        ("reason=None", "reason=None, by=None", ""),
    ],
)
def test_override_that_cannot_take_odoos_call_is_named(small, core, ours, told):
    head = "_action_cancel(self, {})"
    small.core(CORE_ORDER.replace(head.format("reason=None"), head.format(core)))
    small.own(OWN_ORDER.replace(head.format("reason=None"), head.format(ours)))
    small.rows([(ROWS[0][0], f"({core})", *ROWS[0][2:]), ROWS[1]])
    assert told in small.problems()
    assert told or not small.problems()


def test_writing_anew_keeps_reasons_and_takes_new_ones_from_docstrings(small):
    small.rows([ROWS[1]])
    core_apis.write(small.register, small.source, small.addons)
    rows = core_apis.read_register(small.register)
    assert rows["sale.order._action_cancel"][-1] == "tell the warehouse"
    assert rows["sale.order._compute_total"][-1] == "why"
    assert small.problems() == ""
