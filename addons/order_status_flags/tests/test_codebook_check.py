from odoo.exceptions import AccessError
from odoo.service.model import call_kw
from odoo.tests import new_test_user, tagged

from .common import OrderStatusCommon


@tagged("post_install", "-at_install")
class TestCodebookCheck(OrderStatusCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Only what these tests are about, whatever the database holds.
        cls.shipped_ones = cls.saved | cls.in_progress | cls.fulfilled | cls.rejected
        others = cls.env["sale.order.status"].search([("id", "not in", cls.shipped_ones.ids)])
        others.active = False
        cls.env["sale.order.flag"].search([("status_id", "in", others.ids)]).active = False
        # A website of the database may use others, which cannot be switched off then.
        cls.langs = [("en_US", "English (US)")]
        cls.classPatch(type(cls.env["res.lang"]), "get_installed", lambda _self: cls.langs)
        cls.idle = cls.env["sale.order.status.event"].search([]) - cls.shipped_ones.event_ids

    def _find(self, kind=None):
        found = self.env["sale.order.status"]._find_codebook_findings()
        return [
            (finding.record if kind else (finding.kind, finding.record))
            for finding in found
            if kind in (None, finding.kind)
        ]

    def test_what_ships_is_in_order(self):
        self.assertEqual(self._find(), [("idle_event", event) for event in self.idle])

    def test_nothing_to_do_says_so(self):
        self.fulfilled.event_ids |= self.idle
        action = self.env["sale.order.status"].action_check_codebook()
        self.assertFalse(self.env[action["res_model"]].search(action["domain"]))
        self.assertIn("Nothing to do", action["help"])

    def test_findings_are_shown_in_as_many_lines_as_they_need(self):
        """Odoo's lists cut off what is a char, whatever its widget."""
        fields = self.env["sale.order.status.finding"]._fields
        self.assertEqual({fields[name].type for name in ("message", "record_name")}, {"text"})

    def test_unreachable_status(self):
        lost = self._create_status("Lost")
        self.assertEqual(self._find("unreachable"), [])
        self.saved.next_status_ids = self.in_progress
        self.in_progress.next_status_ids = self.fulfilled
        self.fulfilled.next_status_ids = self.fulfilled
        self.assertEqual(self._find("unreachable"), [lost])
        self.in_progress.next_status_ids |= lost
        self.assertEqual(self._find("unreachable"), [])
        lost.document_type = "web"
        self.in_progress.document_type = "sale"
        self.assertEqual(self._find("unreachable"), [lost])

    def test_status_that_only_unreachable_ones_lead_to(self):
        first, second = self._create_status("Lost one"), self._create_status("Lost two")
        for status in self.shipped_ones:
            status.next_status_ids = self.shipped_ones
        first.next_status_ids = second
        second.next_status_ids = first
        self.assertEqual(self._find("unreachable"), [first, second])

    def test_dead_end(self):
        archived = self._create_status("Old", active=False)
        self.in_progress.next_status_ids = archived
        self.assertEqual(self._find("dead_end"), [self.in_progress])
        self.in_progress.next_status_ids = self.rejected
        self.assertEqual(self._find("dead_end"), [self.in_progress])
        packed = self._create_status("Packed", next_status_ids=self.in_progress.ids)
        self.in_progress.next_status_ids = packed
        self.assertEqual(self._find("dead_end"), [self.in_progress, packed])
        packed.next_status_ids |= self.fulfilled
        self.assertEqual(self._find("dead_end"), [])

    def test_idle_event(self):
        event = self.env["sale.order.status.event"].create({"code": "x_new", "name": "New one"})
        self.assertIn(event, self._find("idle_event"))
        status = self._create_status(event_ids=event.ids)
        self.assertNotIn(event, self._find("idle_event"))
        status.active = False
        self.assertIn(event, self._find("idle_event"))

    def test_flag_with_an_archived_status(self):
        status = self._create_status()
        flag = self._create_flag(status_id=status.id)
        self.assertEqual(self._find("archived_target"), [])
        status.active = False
        self.assertEqual(self._find("archived_target"), [flag])
        flag.active = False
        self.assertEqual(self._find("archived_target"), [])

    def test_missing_translation(self):
        self.env["res.lang"]._activate_lang("pl_PL")
        self.langs.append(("pl_PL", "Polish"))
        self.addCleanup(self.langs.__delitem__, slice(1, None))
        status = self._create_status("Packed")
        flag = self._create_flag("Packed")
        found = self._find("missing_translation")
        self.assertIn(status, found)
        self.assertIn(flag, found)
        status.with_context(lang="pl_PL").name = "Spakowane"
        self.assertNotIn(status, self._find("missing_translation"))
        status.description = "It is packed."
        self.assertIn(status, self._find("missing_translation"))
        self.langs.pop()
        self.assertEqual(self._find("missing_translation"), [])

    def test_mail_that_speaks_of_another_status(self):
        packed = self._create_status("Ready for pickup")
        template = self.in_progress.mail_template_id.copy()
        packed.mail_template_id = template
        self.assertEqual(self._find("mail_of_other"), [])
        cases = {
            "<p>Your order is now fulfilled.</p>": True,
            "<p>Your order is IN <b>progress</b></p>": True,
            "<p>Your order is unfulfilled.</p>": False,
            "<p>It is ready for pickup.</p>": False,
            '<p>It is <t t-out="object.name">Fulfilled</t>.</p>': False,
            "<p t-if=\"object.order_status_id.name == 'Fulfilled'\">Hello</p>": False,
        }
        for body, is_found in cases.items():
            template.body_html = body
            with self.subTest(body=body):
                self.assertEqual(self._find("mail_of_other"), [packed] if is_found else [])
        template.body_html = "<p>Hello</p>"
        template.subject = "Rejected: {{ object.name }}"
        self.assertEqual(self._find("mail_of_other"), [packed])
        template.active = False
        self.assertEqual(self._find("mail_of_other"), [])

    def test_findings_lead_to_their_records(self):
        status = self._create_status()
        flag = self._create_flag(status_id=status.id)
        status.active = False
        env = self.env(user=self.manager)
        action = env["sale.order.status"].action_check_codebook()
        findings = env[action["res_model"]].search(action["domain"])
        finding = findings.filtered(lambda line: line.kind == "archived_target")
        self.assertEqual(finding.record_name, "Packed")
        opened = finding.action_open_record()
        self.assertEqual((opened["res_model"], opened["res_id"]), ("sale.order.flag", flag.id))

    def test_check_is_for_managers(self):
        users = {
            "seller": self.seller,
            "portal": new_test_user(self.env, "check_portal", groups="base.group_portal"),
            "public": self.env.ref("base.public_user"),
        }
        for role, user in users.items():
            with self.subTest(role=role), self.assertRaises(AccessError):
                call_kw(self.env(user=user)["sale.order.status"], "action_check_codebook", [], {})
        lines = self.env["sale.order.status.finding"].create(
            {"kind": "idle_event", "res_model": "sale.order.status", "res_id": self.saved.id}
        )
        for user in users.values():
            with self.assertRaises(AccessError):
                call_kw(
                    self.env(user=user)["sale.order.status.finding"],
                    "action_open_record",
                    [lines.ids],
                    {},
                )
