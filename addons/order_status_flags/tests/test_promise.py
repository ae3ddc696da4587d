from datetime import date, datetime, timedelta

from lxml import etree

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import freeze_time, new_test_user, tagged

from odoo.addons.mail_delivery_retry.tests.common import WholeTables

from ..hooks import assign_install_statuses
from ..promise import day_of, promise_state_of
from ..promise_install import assign_promises
from .common import OrderStatusCommon
from .portal import PortalCommon

NOON = datetime(2030, 6, 3, 12, 0)  # a Monday


@tagged("post_install", "-at_install")
@freeze_time(NOON)
class TestPromise(OrderStatusCommon):
    """The promise where nothing but the order and its status tells of it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.partner_id.tz = "Europe/Warsaw"
        # Services: with deliveries of other addons, their transfers would tell.
        cls.product.type = "service"

    def _promised(self, days=7, **values):
        return self._create_order(commitment_date=NOON + timedelta(days=days), **values)

    def _line(self, days):
        return Command.create({"product_id": self.product.id, "customer_lead": days})

    def _states(self, order):
        self.env.flush_all()
        return order.promised_date, order.promise_date, order.promise_state

    # === WHAT IS PROMISED === #

    def test_requested_date_is_the_first_promise(self):
        order = self._promised()
        self.assertEqual(self._states(order), (date(2030, 6, 10), date(2030, 6, 10), "on_time"))

    def test_expected_date_is_the_promise_without_a_requested_one(self):
        self.product.type = "consu"
        order = self._create_order(order_line=[self._line(4)])
        self.assertEqual(order.promised_date, order.expected_date.date())
        self.assertEqual(order.promised_date, date(2030, 6, 7))

    def test_longest_lead_time_counts(self):
        self.product.type = "consu"
        order = self._create_order(order_line=[self._line(2), self._line(9)])
        self.assertEqual(order.promised_date, date(2030, 6, 12))

    def test_services_promise_nothing(self):
        self.assertEqual(self._states(self._create_order()), (False, False, "none"))

    def test_quotation_promises_nothing(self):
        order = self._promised(confirm=False)
        self.assertEqual(self._states(order), (False, False, "none"))
        order.action_quotation_sent()
        self.assertEqual(order.promise_state, "none")

    def test_date_requested_afterwards_is_the_first_promise(self):
        order = self._create_order()
        order.commitment_date = NOON + timedelta(days=3)
        self.assertEqual(self._states(order), (date(2030, 6, 6), date(2030, 6, 6), "on_time"))

    def test_day_of_the_company(self):
        order = self._create_order(commitment_date=datetime(2030, 6, 9, 23, 0))
        self.assertEqual(order.promised_date, date(2030, 6, 10))
        self.assertEqual(day_of(datetime(2030, 1, 1, 23, 30), "Europe/Warsaw"), date(2030, 1, 2))

    def test_back_to_a_quotation_and_placed_again(self):
        order = self._promised()
        order.commitment_date += timedelta(days=5)
        order._action_cancel()
        self.assertEqual(order.promise_state, "none")
        order.action_draft()
        self.assertEqual(self._states(order), (False, False, "none"))
        order.action_confirm()
        self.assertEqual(self._states(order), (date(2030, 6, 15), date(2030, 6, 15), "on_time"))

    def test_copy_promises_nothing(self):
        self.assertFalse(self._promised().copy().promised_date)

    # === WHAT BECOMES OF IT === #

    def test_states(self):
        first, later = date(2030, 6, 10), date(2030, 6, 12)
        for present, done, today, state in (
            (first, False, first, "on_time"),
            (first, False, later, "late"),
            (later, False, later, "at_risk"),
            (later, False, date(2030, 6, 13), "late"),
            (later, first, later, "kept"),
            (first, later, later, "broken"),
        ):
            self.assertEqual(promise_state_of(first, present, done, today), state)

    def test_moved_later_and_back(self):
        order = self._promised()
        order.commitment_date = NOON + timedelta(days=9)
        self.assertEqual(self._states(order), (date(2030, 6, 10), date(2030, 6, 12), "at_risk"))
        order.commitment_date = NOON + timedelta(days=7)
        self.assertEqual(order.promise_state, "on_time")

    def test_done_in_time_is_kept_and_stays_so(self):
        order = self._promised()
        order.set_order_status(self.fulfilled.id)
        self.assertEqual((order.promise_state, order.promise_fulfilled_on), ("kept", NOON.date()))
        with freeze_time(NOON + timedelta(days=30)):
            self.env["sale.order"]._pass_promises()
            another = self._create_status("Filed", category="done", sequence=45)
            order.set_order_status(another.id)
            self.env.invalidate_all()
            self.assertEqual(order.promise_state, "kept")

    def test_done_too_late_is_broken(self):
        order = self._promised()
        with freeze_time(NOON + timedelta(days=8)):
            order.set_order_status(self.fulfilled.id)
            self.assertEqual(order.promise_state, "broken")

    def test_rejected_promises_nothing(self):
        order = self._promised()
        order.set_order_flag(self.flag_rejected.id)
        self.assertEqual(order.promise_state, "none")
        self.assertEqual(order._get_customer_promise(), {})

    # === TIME PASSES === #

    def test_late_by_time_in_searches_at_once_and_in_the_field_by_the_action(self):
        Order = self.env["sale.order"]
        order = self._promised(1)
        others = self._promised(9)
        orders = order + others
        domain = [("id", "in", orders.ids)]
        with freeze_time(datetime(2030, 6, 4, 21, 59)):  # 23:59 where the company is
            self.assertFalse(Order.search([*domain, ("promise_state", "=", "late")]))
            self.assertFalse(self._pass())
        with freeze_time(datetime(2030, 6, 4, 22, 1)):
            late = [*domain, ("promise_state", "=", "late")]
            self.assertEqual(Order.search(late), order)
            self.assertEqual(Order.search([*domain, ("promise_state", "!=", "late")]), others)
            self.assertEqual(Order.search([*domain, ("promise_state", "=", "on_time")]), others)
            self.assertEqual(order.promise_state, "on_time")
            self.assertEqual(self._pass(), 1)
            self.assertEqual(order.promise_state, "late")
            self.assertEqual(Order.search(late), order)
            self.assertFalse(self._pass())

    def _pass(self):
        self.env.flush_all()
        return self.env["sale.order"]._pass_promises()

    def test_action_takes_as_many_queries_for_many(self):
        self._promised(1)
        self._create_orders(30, commitment_date=NOON + timedelta(days=1))
        self.env.flush_all()
        with freeze_time(NOON + timedelta(days=3)):
            with self._count_queries() as queries:
                self.assertGreaterEqual(self.env["sale.order"]._pass_promises(), 31)
            self.assertLess(queries[0], 8)

    def test_moving_many_takes_no_query_per_order(self):
        counts = []
        for size in (2, 30):
            orders = self._create_orders(size, commitment_date=NOON + timedelta(days=2))
            self.env.flush_all()
            self.env.invalidate_all()
            with self._count_queries() as queries:
                orders.env.add_to_compute(orders._fields["promise_state"], orders)
                self.env["sale.order"]._recompute_model(["promise_state"])
            counts.append(queries[0])
        self.assertNoMoreQueries(*counts)

    # === BY HAND === #

    def _move(self, order, day, reason="The glaze has to dry", user=None):
        wizard = self.env["sale.order.promise.wizard"].with_user(user or self.seller)
        return wizard.create(
            {"order_id": order.id, "new_date": day, "reason": reason}
        ).action_move()

    def test_moved_by_hand(self):
        order = self._promised()
        self._move(order, date(2030, 6, 20))
        self.assertEqual(self._states(order), (date(2030, 6, 10), date(2030, 6, 20), "at_risk"))
        message = order.message_ids[0]
        self.assertIn("The glaze has to dry", message.body)
        self.assertTrue(message.is_internal or message.subtype_id.internal)
        shown = order._get_customer_promise()
        self.assertEqual((shown["first"], shown["present"]), (date(2030, 6, 10), date(2030, 6, 20)))
        # A date that is requested later counts again.
        order.commitment_date = NOON + timedelta(days=8)
        self.assertEqual(order.promise_date, date(2030, 6, 11))

    def test_move_is_refused(self):
        order = self._promised()
        for day, reason in ((date(2030, 6, 2), "x"), (date(2030, 6, 20), " ")):
            with self.assertRaises(UserError):
                self._move(order, day, reason)
        done = self._promised()
        done.set_order_status(self.fulfilled.id)
        for nothing in (self._create_order(), done):
            with self.assertRaises(UserError):
                self._move(nothing, date(2030, 6, 20))

    def test_move_needs_write_access(self):
        order = self._promised()
        own = new_test_user(self.env, "promise_own", groups="sales_team.group_sale_salesman")
        with self.assertRaises(AccessError):
            self._move(order, date(2030, 6, 20), user=own)
        wizard = self.env["sale.order.promise.wizard"].with_user(own)
        wizard = wizard.create({"order_id": order.id, "new_date": "2030-06-20", "reason": "x"})
        with self.assertRaises(AccessError):
            wizard.read(["present_date"])
        portal = new_test_user(self.env, "promise_portal", groups="base.group_portal")
        with self.assertRaises(AccessError):
            self._move(order, date(2030, 6, 20), user=portal)

    def test_nobody_writes_a_promise(self):
        order = self._promised()
        for name, value in (
            ("promised_date", "2031-01-01"),
            ("promise_date", "2031-01-01"),
            ("promise_state", "kept"),
            ("promise_told", True),
            ("promise_moved_date", "2031-01-01"),
        ):
            with self.assertRaises(UserError):
                order.with_user(self.manager).write({name: value})
            with self.assertRaises(UserError):
                self._create_order(confirm=False, **{name: value})
            orders = self.env["sale.order"].with_user(self.manager)
            quotation = orders.with_context(**{f"default_{name}": value}).create(
                {"partner_id": self.customer.id}
            )
            self.assertIn(quotation[name], (False, "none"))

    def test_exported_promise_is_imported_unchanged(self):
        order = self._promised()
        names = [".id", "promised_date", "promise_date", "promise_state", "promise_told"]
        row = order.export_data(names)["datas"][0]
        done = self.env["sale.order"].with_user(self.manager).load(names, [row])
        self.assertTrue(done["ids"], done["messages"])
        row[1] = "2031-01-01"
        done = self.env["sale.order"].with_user(self.manager).load(names, [row])
        self.assertFalse(done["ids"])

    def test_sequence_grows_with_every_change(self):
        order = self._promised()
        seen = [order.promise_sequence]
        for days in (9, 7, 8):
            order.commitment_date = NOON + timedelta(days=days)
            self.env.flush_all()
            seen.append(order.promise_sequence)
        self.assertEqual(seen, sorted(set(seen)))

    def test_sequence_goes_on_when_the_order_is_placed_anew(self):
        order = self._promised()
        order.commitment_date += timedelta(days=5)
        self.env.flush_all()
        before = order.promise_sequence
        order._action_cancel()
        order.action_draft()
        self.env.flush_all()
        order.commitment_date += timedelta(days=5)
        order.action_confirm()
        self.env.flush_all()
        self.assertGreater(order.promise_sequence, before)

    # === ORDERS THAT ARE THERE === #

    def test_installation_gives_promises_without_mails(self):
        self.company.order_status_delay_days = 1
        order, late, done = self._promised(), self._promised(1), self._promised(2)
        done.set_order_status(self.fulfilled.id)
        rejected, draft = self._promised(), self._promised(confirm=False)
        rejected._action_cancel()
        orders = order + late + done + rejected + draft
        self.env.flush_all()
        expected = {one: (one.promised_date, one.promise_date) for one in orders - rejected}
        self.env.cr.execute(
            "UPDATE sale_order SET promised_date = NULL, promise_date = NULL,"
            " promise_state = 'none', promise_told = NULL WHERE id IN %s",
            [tuple(orders.ids)],
        )
        rows = self.env["sale.order.status.history"].search_count([])
        with freeze_time(NOON + timedelta(days=4)):
            assign_promises(self.env)
            self.env["sale.order"]._queue_due_delays()
        for one, dates in expected.items():
            self.assertEqual((one.promised_date, one.promise_date), dates)
        self.assertEqual(
            orders.mapped("promise_state"), ["on_time", "late", "kept", "none", "none"]
        )
        self.assertTrue(late.promise_told)
        self.assertEqual(self.env["sale.order.status.history"].search_count([]), rows)

    def test_installation_gives_the_promise_together_with_the_status(self):
        """A promise is kept by the status that an order gets in the same moment."""
        order, done = self._promised(), self._promised(3)
        done._create_invoices().action_post()
        quotation = self._promised(confirm=False)
        orders = order + done + quotation
        names = ["promised_date", "promise_date", "promise_fulfilled_on", "promise_state"]
        self.env.flush_all()
        before = order.read(names)
        self.env.cr.execute(
            "DELETE FROM sale_order_status_history WHERE order_id IN %s", [orders._ids]
        )
        self.env.cr.execute(
            "UPDATE sale_order SET order_status_id = NULL, order_status_date = NULL,"
            " customer_status_id = NULL, promised_date = NULL, promise_date = NULL,"
            " promise_fulfilled_on = NULL, promise_state = 'none', promise_told = NULL"
            " WHERE id IN %s",
            [orders._ids],
        )
        self.env.invalidate_all()
        assign_install_statuses(self.env)
        self.assertEqual(order.read(names), before)
        self.assertEqual(done.order_status_id, self.fulfilled)
        self.assertEqual((done.promise_state, done.promise_fulfilled_on), ("kept", NOON.date()))
        self.assertEqual(quotation.promise_state, "none")
        self.assertFalse(quotation.promised_date)

    def test_installation_counts_as_the_order_itself_does(self):
        self.product.type = "consu"
        order = self._create_order(order_line=[self._line(5), self._line(1)])
        self.env.flush_all()
        before = order.promised_date
        self.env.cr.execute("UPDATE sale_order SET promised_date = NULL WHERE id = %s", [order.id])
        assign_promises(self.env)
        self.assertEqual(order.promised_date, before)

    # === VIEWS === #

    def test_list_of_orders_at_risk_has_room_for_the_days(self):
        action = self.env.ref("order_status_flags.sale_order_action_promise")
        views = {mode: view_id for view_id, mode in action.views}
        cards = self.env["sale.order"].get_view(views["kanban"], "kanban")["arch"]
        self.assertIn('name="promise_state"', cards)
        arch = etree.fromstring(self.env["sale.order"].get_view(views["list"], "list")["arch"])
        optional = {node.get("name"): node.get("optional") for node in arch.iter("field")}
        for name in ("promised_date", "promise_date", "promise_state"):
            self.assertEqual(optional[name], "show", name)
        self.assertEqual(optional["order_flag_note"], "hide")

    def test_lists_and_reports(self):
        order = self._promised(1)
        self.env.flush_all()
        groups = self.env["sale.order"]._read_group(
            [("id", "=", order.id)], ["promised_date:week", "promise_state"], ["__count"]
        )
        self.assertEqual(groups[0][1:], ("on_time", 1))
        rows = self.env["sale.report"]._read_group(
            [("order_reference", "=", f"sale.order,{order.id}")], ["product_id", "promise_state"]
        )
        self.assertEqual(rows, [(self.product, "on_time")])


@tagged("post_install", "-at_install")
class TestPromisePages(WholeTables, PortalCommon):
    def _order(self, days, **values):
        noon = fields.Datetime.now().replace(hour=12)
        return self._create_order(commitment_date=noon + timedelta(days=days), **values)

    def _pages(self, order):
        """The three pages on which the customer reads about the order."""
        self._login(self.buyer)
        texts = [self._get("/my/orders").text, self._get(f"/my/orders/{order.id}").text]
        self.authenticate(None, None)
        return [*texts, self._get(f"/order/status/{order.order_tracking_token}").text]

    def test_rows_of_the_list_are_whole(self):
        """Also of orders for which nothing is promised."""
        unpromised = self._create_order()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sale_order SET promised_date = NULL, promise_date = NULL,"
            " promise_state = 'none' WHERE id = %s",
            [unpromised.id],
        )
        self.env.invalidate_all()
        self._order(30)
        self.env.flush_all()
        self._login(self.buyer)
        text = self._get("/my/orders").text
        self.assertIn(unpromised.name, text)
        self.assertTablesAreWhole(text)

    def test_old_and_new_date(self):
        order = self._order(30)
        first = f"{order.promised_date:%m/%d/%Y}"
        order.commitment_date += timedelta(days=5)
        new = f"{order.promise_date:%m/%d/%Y}"
        listed, page, public = self._pages(order)
        self.assertIn(new, listed)
        for text in (page, public):
            self.assertIn(new, text)
            self.assertIn(first, text)

    def test_late(self):
        order = self._order(-2)
        listed, *pages = self._pages(order)
        self.assertIn('<span class="text-danger">Delayed</span>', listed)
        for text in pages:
            self.assertIn("The promised date has passed", text)

    def test_nothing_of_a_rejected_order(self):
        order = self._order(30)
        hidden = self._create_status("Fraud", category="rejected", is_public=False)
        order.with_user(self.manager).set_order_status(hidden.id, force=True)
        listed, page, public = self._pages(order)
        for text in (listed, public):
            self.assertNotIn(f"{order.promised_date:%m/%d/%Y}", text)
        # Odoo itself shows there what the customer has requested.
        self.assertNotIn('name="order_promise"', page)

    def test_customers_do_not_read_the_fields(self):
        order = self._order(30).with_user(self.buyer)
        for name in ("promised_date", "promise_date", "promise_state", "promise_told"):
            with self.assertRaises(AccessError):
                order.read([name])
            with self.assertRaises(AccessError):
                order.search([(name, "!=", False)])
