from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .common import OrderStatusCommon


@tagged("post_install", "-at_install")
class TestFollowers(OrderStatusCommon):
    """ "May be followed by" holds, whatever becomes of the statuses that it names."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.first = cls._create_status("A", sequence=21)
        cls.second = cls._create_status("B", sequence=22)
        cls.third = cls._create_status("C", sequence=23)
        cls.first.next_status_ids = cls.second
        cls.order = cls._create_order()
        cls.order.set_order_status(cls.first.id)

    def assertOnlyStays(self):
        order = self.order.with_user(self.seller)
        with self.assertRaisesRegex(UserError, "may not follow"), self.cr.savepoint():
            order.set_order_status(self.third.id)
        self.env.invalidate_all()
        self.assertNotIn(self.third, order.allowed_status_ids)
        # The same after it was read by somebody who sees less.
        order.order_status_id.next_status_ids.mapped("id")
        with self.assertRaisesRegex(UserError, "may not follow"), self.cr.savepoint():
            order.set_order_status(self.third.id)

    def test_archived_follower(self):
        self.second.active = False
        self.assertOnlyStays()
        with self.assertRaisesRegex(UserError, "archived"), self.cr.savepoint():
            self.order.set_order_status(self.third.id)
        self.order.with_user(self.manager).set_order_status(self.third.id, force=True)
        self.assertEqual(self.order.order_status_id, self.third)

    def test_archived_follower_and_an_event(self):
        self.second.active = False
        self.order._create_invoices().action_post()
        self.assertEqual(self.order.order_status_id, self.first)

    def test_archived_one_of_two(self):
        self.first.next_status_ids = self.second | self.third
        self.third.active = False
        with self.assertRaisesRegex(UserError, "Allowed are: B."), self.cr.savepoint():
            self.order.set_order_status(self.in_progress.id)
        self.order.set_order_status(self.second.id)

    def test_form_shows_archived_followers(self):
        self.second.active = False
        self.env.invalidate_all()
        self.assertEqual(self.first.next_status_ids, self.second)

    def test_only_follower_is_not_deleted(self):
        with self.assertRaisesRegex(UserError, "without it, any status could"):
            self.second.unlink()
        with self.assertRaisesRegex(UserError, "without it, any status could"):
            self.second.with_context(active_test=True).unlink()
        self.first.next_status_ids = self.second | self.third
        self.third.unlink()
        self.assertEqual(self.first.next_status_ids, self.second)
        self.assertEqual(self.first._get_followers(), self.second)

    def test_both_are_deleted_together(self):
        before = self._create_status("D", next_status_ids=[Command.link(self.third.id)])
        (before | self.third).unlink()

    def test_follower_of_another_company(self):
        other = self.env["res.company"].create({"name": "Other"})
        follower = self._create_status("X", company_id=other.id)
        # For the orders of the other company.
        self.first.next_status_ids = follower
        self.assertOnlyStays()
        own = self._create_status("Own", company_id=self.company.id)
        with self.assertRaisesRegex(ValidationError, "another company"), self.cr.savepoint():
            own.next_status_ids = follower
        with self.assertRaisesRegex(ValidationError, "another company"), self.cr.savepoint():
            self.first.company_id = self.company
        own.next_status_ids = self.third
        with self.assertRaisesRegex(ValidationError, "another company"), self.cr.savepoint():
            self.third.company_id = other

    def test_refusals_name_no_status_of_another_company(self):
        """Whoever walks the numbers learns no names."""
        other = self.env["res.company"].create({"name": "Other"})
        shared = self._create_status("Shared")
        secret = self._create_status(
            "Secret", company_id=other.id, next_status_ids=[Command.link(shared.id)]
        )
        own = self._create_status("Own", company_id=self.company.id)
        event = self.env["sale.order.status.event"].create({"code": "secret", "name": "Event"})
        secret.event_ids = event
        flagged = self._create_status("Flagged", category="rejected")
        self._create_flag(
            "Secret flag", company_id=other.id, status_id=flagged.id, cancel_order=True
        )
        flag = self._create_flag("Own flag", company_id=self.company.id)
        # Found in no order, whatever the database holds.
        shared, own, flagged, flag = (
            record.with_user(self.manager) for record in (shared, own, flagged, flag)
        )
        theirs = {"name": "Guess", "category": "in_progress", "company_id": other.id}
        for attempt in (
            lambda: own.write({"next_status_ids": [Command.link(secret.id)]}),
            lambda: shared.write({"company_id": self.company.id}),
            shared.unlink,
            lambda: shared.create({**theirs, "event_ids": event.ids}),
            lambda: flagged.write({"category": "done"}),
            lambda: flagged.write({"company_id": self.company.id}),
            lambda: flag.write({"status_id": secret.id}),
        ):
            with self.assertRaises(UserError) as refused, self.cr.savepoint():
                attempt()
            words = str(refused.exception)
            self.assertNotIn("Secret", words)
            self.assertNotIn(other.name, words.replace("Another", "").replace("another", ""))

    def test_statuses_that_may_follow_are_named_to_who_knows_them(self):
        other = self.env["res.company"].create({"name": "Other"})
        secret = self._create_status("Secret", company_id=other.id)
        self.first.next_status_ids = secret
        self.order.set_order_status(self.first.id)
        order = self.order.with_user(self.seller)
        with self.assertRaisesRegex(UserError, "Only statuses of another company") as refused:
            order.set_order_status(self.third.id)
        self.assertNotIn("Secret", str(refused.exception))
        self.first.next_status_ids += self.second
        with self.assertRaisesRegex(UserError, f"Allowed are: {self.second.name}\\.") as refused:
            order.set_order_status(self.third.id)

    def test_changed_list_counts_at_once(self):
        self.first.next_status_ids = self.third
        self.order.set_order_status(self.third.id)
        self.assertEqual(self.order.order_status_id, self.third)


@tagged("post_install", "-at_install")
class TestUsedCodebook(OrderStatusCommon):
    """A status or flag in use goes on to fit the orders that have it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.env["res.company"].create({"name": "Other"})
        cls.status = cls._create_status("Packing")
        cls.flag = cls._create_flag("Packing", status_id=cls.status.id)
        cls.orders = cls._create_orders(2)
        cls.orders.set_order_flag(cls.flag.id)

    def test_neither_company_nor_type_changes_to_misfit(self):
        for record in (self.status, self.flag):
            for values in ({"company_id": self.other.id}, {"document_type": "web"}):
                with self.assertRaisesRegex(ValidationError, "company: 2"), self.cr.savepoint():
                    record.write(values)

    def test_what_fits_is_written(self):
        for record in (self.flag, self.status):
            record.document_type = "sale"
        self.flag.company_id = self.company
        self.status.company_id = self.company
        self.orders.set_order_flag(False)
        self.orders.set_order_status(self.in_progress.id)
        self.flag.write({"document_type": "web", "status_id": False})
        self.status.document_type = "web"

    def test_status_of_a_flag_goes_to_no_other_company(self):
        status = self._create_status("Unused")
        flag = self._create_flag("Unused", status_id=status.id, company_id=self.company.id)
        with self.assertRaises(UserError), self.cr.savepoint():
            status.company_id = self.other
        self.assertEqual(flag.status_id, status)

    def test_working_list_opens_whatever_the_status(self):
        # As a database may have it from before.
        self.status.max_days = 3
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sale_order_status SET company_id = %s WHERE id = %s",
            [self.other.id, self.status.id],
        )
        self.env.invalidate_all()
        orders = self.env["sale.order"].with_user(self.seller)
        specification = {
            "name": {},
            "order_status_id": {"fields": {"display_name": {}}},
            "is_status_stuck": {},
            "status_attention": {},
        }
        self.assertTrue(orders.web_search_read([("id", "in", self.orders.ids)], specification))
        self.assertTrue(orders.browse(self.orders.ids).web_read(specification))
        self.assertFalse(orders.search([("is_status_stuck", "=", True)]) & self.orders)


@tagged("post_install", "-at_install")
class TestUnchangedImport(OrderStatusCommon):
    """What was exported is imported again without a word."""

    def _import(self, record, names):
        line = record.export_data(names)["datas"][0]
        result = record.load(names, [[str(value) for value in line]])
        self.assertFalse(result["messages"], result["messages"])

    def test_status(self):
        names = [".id", "code", "name", "category", "sequence"]
        self._import(self.saved, names)
        with self.assertRaisesRegex(UserError, "cannot be changed"):
            self.saved.code = "999"

    def test_order(self):
        order = self._create_order()
        order.set_order_flag(self.flag_in_progress.id, note="on the shelf")
        rows = self._rows(order)
        names = [".id", "customer_status_id/.id", "order_status_id/.id", "order_flag_id/.id"]
        names += ["order_flag_note", "order_status_date", "was_placed", "document_type"]
        self._import(order, names)
        self.assertEqual(self._rows(order), rows)

    def test_changed_values_are_refused(self):
        order = self._create_order()
        for values in (
            {"customer_status_id": self.rejected.id},
            {"customer_status_id": False},
            {"was_placed": False},
            {"was_rejection_mailed": True},
            {"order_status_date": "2020-01-01 00:00:00"},
        ):
            with self.assertRaisesRegex(UserError, "cannot be written"), self.cr.savepoint():
                order.write(values)

    def test_derived_fields_are_not_offered(self):
        for name in ("customer_status_id", "order_status_date", "was_rejection_mailed"):
            self.assertTrue(self.env["sale.order"].fields_get([name])[name]["readonly"])
