from datetime import timedelta

from lxml import etree

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools.safe_eval import safe_eval

from .common import OrderStatusCommon


@tagged("post_install", "-at_install")
class TestOrderForm(OrderStatusCommon):
    def _form(self, order, user=None):
        return Form(order.with_user(user or self.seller), view="sale.view_order_form")

    def test_flag_picked_on_the_form_sets_its_status(self):
        order = self._create_order()
        with self._form(order) as form:
            form.order_flag_id = self.flag_in_progress
            form.order_flag_note = "Red pallet"
        self.assertEqual(order.order_status_id, self.in_progress)
        self.assertEqual(order.order_flag_note, "Red pallet")
        self.assertEqual(self._rows(order)[-1].source, "flag")

    def test_status_picked_on_the_form(self):
        order = self._create_order()
        with self._form(order) as form:
            form.order_status_id = self.in_progress
        row = self._rows(order)[-1]
        self.assertEqual((row.status_id, row.source), (self.in_progress, "manual"))

    def test_saving_something_else_leaves_the_status_alone(self):
        order = self._create_order()
        with self._form(order) as form:
            form.client_order_ref = "PO 1"
        self.assertEqual(len(self._rows(order)), 1)

    def test_status_that_may_not_follow_is_refused(self):
        self.saved.next_status_ids = self.in_progress
        order = self._create_order()
        form = self._form(order)
        form.order_status_id = self.fulfilled
        with self.assertRaisesRegex(UserError, "Allowed are: In progress"):
            form.save()

    def test_pickers_offer_what_the_writer_accepts(self):
        self.saved.next_status_ids = self.in_progress
        order = self._create_order()
        self.assertEqual(order.allowed_status_ids, self.saved | self.in_progress)
        order._action_cancel()
        self.saved.next_status_ids = False
        order.invalidate_recordset()
        self.assertEqual(set(order.allowed_status_ids.mapped("category")), {"rejected"})

    def test_refused_address_is_told_in_plain_words(self):
        explain = self.env["sale.order"]._explain_mail_error
        raw = (
            "Mail delivery failed via SMTP server 'None'.\n"
            "SMTPRecipientsRefused: {'zofia@example.com': (550, b'5.1.1 No such user')}"
        )
        self.assertEqual(
            explain(raw),
            "The mail server refused the address zofia@example.com: 550 5.1.1 No such user",
        )
        self.assertEqual(
            explain("SMTPResponseException: (554, b'Transaction failed')"),
            "The mail server refused it: 554 Transaction failed",
        )
        for other in ("The customer has no e-mail address.", "", False):
            self.assertEqual(explain(other), other)

    def test_quotation_shows_no_status(self):
        self.assertFalse(self._create_order(confirm=False).can_have_status)
        self.assertTrue(self._create_order().can_have_status)

    def test_history_is_a_page_and_a_button(self):
        order = self._create_order()
        order.set_order_flag(self.flag_in_progress.id)
        self.assertEqual(order.status_history_count, 2)
        with self._form(order) as form:
            self.assertEqual(len(form.status_history_ids), 2)
        action = self.env.ref("order_status_flags.sale_order_status_history_action_order")
        domain = safe_eval(action.domain, {"active_id": order.id})
        self.assertEqual(self.env[action.res_model].search(domain), order.status_history_ids)

    def test_views_open_for_everybody_who_sells(self):
        views = [(False, kind) for kind in ("list", "form", "kanban", "search")]
        for user in (self.seller, self.manager):
            for model in ("sale.order", "sale.order.status", "sale.order.flag"):
                with self.subTest(user=user.login, model=model):
                    self.env[model].with_user(user).get_views(views)
        history = [(False, kind) for kind in ("list", "form", "pivot", "graph", "search")]
        self.env["sale.order.status.history"].with_user(self.seller).get_views(history)


@tagged("post_install", "-at_install")
class TestFailedMail(OrderStatusCommon):
    def _fail(self, order):
        """Let the last status e-mail of the order fail."""
        row = self._rows(order)[-1]
        row.write({"mail_state": "failed", "mail_error": "550 no such user"})
        return row

    def _search(self, value=True):
        return self.env["sale.order"].search([("status_mail_failed", "=", value)])

    def test_failure_is_shown_and_found(self):
        order, fine = self._create_orders(2)
        (order | fine).set_order_flag(self.flag_in_progress.id)
        self._fail(order)
        self.assertTrue(order.status_mail_failed)
        self.assertEqual(order.status_mail_error, "550 no such user")
        self.assertFalse(fine.status_mail_failed)
        self.assertIn(order, self._search())
        self.assertNotIn(fine, self._search())
        self.assertIn(fine, self._search(value=False))
        self.assertNotIn(order, self._search(value=False))

    def test_later_mail_makes_it_good(self):
        order = self._create_order()
        order.set_order_status(self.in_progress.id)
        self._fail(order)
        order.set_order_status(self.fulfilled.id)
        self.assertTrue(order.status_mail_failed)
        self._rows(order)[-1].mail_state = "sent"
        self.assertFalse(order.status_mail_failed)
        self.assertNotIn(order, self._search())

    def test_resend_button(self):
        order = self._create_order()
        order.set_order_status(self.in_progress.id)
        row = self._fail(order)
        order.with_user(self.seller).action_resend_failed_status_mail()
        self.assertEqual(row.mail_state, "pending")
        self.assertFalse(order.status_mail_failed)

    def test_failures_are_found_for_a_list_in_one_query(self):
        for orders in (self._create_orders(2), self._create_orders(20)):
            orders.set_order_flag(self.flag_in_progress.id)
            self._rows(orders[0])[-1].write({"mail_state": "failed"})
            self.env.flush_all()
            orders.invalidate_recordset()
            with self.assertQueryCount(3):
                orders.mapped("status_mail_failed")


@tagged("post_install", "-at_install")
class TestOrderLists(OrderStatusCommon):
    def _search_view(self):
        view = self.env.ref("sale.sale_order_view_search_inherit_sale")
        return etree.fromstring(self.env["sale.order"].get_view(view.id, "search")["arch"])

    def _filtered(self, name):
        """Return the orders that a filter of the search view finds."""
        domain = self._search_view().find(f".//filter[@name='{name}']").get("domain")
        return self.env["sale.order"].search(safe_eval(domain, {"uid": self.env.uid}))

    def test_only_flag_and_status_are_editable_in_the_list(self):
        view = self.env.ref("order_status_flags.sale_order_view_list_status")
        arch = etree.fromstring(self.env["sale.order"].get_view(view.id, "list")["arch"])
        self.assertEqual(arch.get("multi_edit"), "1")
        editable = {
            field.get("name")
            for field in arch.iter("field")
            if field.get("readonly") != "1" and field.get("column_invisible") != "True"
        }
        self.assertEqual(editable, {"order_status_id", "order_flag_id"})

    def test_list_edit_of_several_orders(self):
        orders = self._create_orders(3).with_user(self.seller)
        orders.web_save({"order_flag_id": self.flag_in_progress.id}, {"order_status_id": {}})
        self.assertEqual(orders.order_status_id, self.in_progress)
        self.assertEqual([len(self._rows(order)) for order in orders], [2, 2, 2])

    def test_list_edit_is_all_or_nothing(self):
        orders = self._create_orders(2) | self._create_order(confirm=False)
        with self.assertRaisesRegex(UserError, "not an order yet"):
            orders.with_user(self.seller).write({"order_flag_id": self.flag_in_progress.id})

    def test_filters_by_category(self):
        saved, working, done, rejected = self._create_orders(4)
        working.set_order_status(self.in_progress.id)
        done.set_order_status(self.fulfilled.id)
        rejected.set_order_status(self.rejected.id)
        orders = saved | working | done | rejected
        for name, order in (
            ("status_new", saved),
            ("status_in_progress", working),
            ("status_done", done),
            ("status_rejected", rejected),
        ):
            with self.subTest(name=name):
                self.assertEqual(self._filtered(name) & orders, order)

    def test_filter_without_status(self):
        self.company.order_status_on_sales_orders = False
        without, quotation = self._create_order(), self._create_order(confirm=False)
        found = self._filtered("status_none")
        self.assertIn(without, found)
        self.assertNotIn(quotation, found)

    def test_filter_stuck(self):
        self.saved.max_days = 3
        late, early = self._create_orders(2)
        now = fields.Datetime.now()
        late._write_status_fields({"order_status_date": now - timedelta(days=4)})
        early._write_status_fields({"order_status_date": now - timedelta(days=2)})
        self.assertEqual(self._filtered("status_stuck") & (late | early), late)
        self.assertTrue(late.is_status_stuck)
        self.assertFalse(early.is_status_stuck)

    def test_filter_cancellation_requested(self):
        asked, other = self._create_orders(2)
        (asked | other).set_order_status(self.in_progress.id)
        asked._customer_cancel("", self.customer)
        self.assertEqual(self._filtered("cancellation_requested") & (asked | other), asked)

    def test_filter_needs_attention_names_the_most_pressing_reason(self):
        self.saved.max_days = 3
        orders = asked, failed, late, calm = self._create_orders(4)
        for order in asked | failed:
            order.set_order_flag(self.flag_in_progress.id)
        asked._customer_cancel("Ordered twice", self.customer)
        (asked | failed).status_history_ids.filtered(
            lambda row: row.mail_state == "pending"
        )._mark_failed("550")
        late._write_status_fields({"order_status_date": fields.Datetime.now() - timedelta(days=4)})
        self.assertEqual(
            [order.status_attention for order in orders],
            ["cancellation", "mail_failed", "stuck", False],
        )
        self.assertEqual(self._filtered("status_attention") & orders, orders - calm)
        search = self.env["sale.order"].search
        for value, found in (("mail_failed", asked | failed), ("stuck", late), (False, calm)):
            with self.subTest(value=value):
                domain = [("id", "in", orders.ids), ("status_attention", "=", value)]
                self.assertEqual(search(domain), found)

    def test_reasons_of_attention_are_colored(self):
        own = {
            "cancellation": "warning",
            "question": "warning",
            "against_rejection": "danger",
            "mail_failed": "danger",
            "stuck": "danger",
        }
        for kind in ("list_status", "kanban_attention"):
            colors = self._attention_colors(f"order_status_flags.sale_order_view_{kind}")
            self.assertEqual({reason: colors.get(reason) for reason in own}, own)
        # A phone shows cards: each says why it is there, whichever addon says so.
        reasons = self.env["sale.order"]._fields["status_attention"].get_values(self.env)
        self.assertEqual(colors.keys(), {*reasons})

    def _search_box(self, text, user=None):
        """What typing into the search box and pressing Enter finds."""
        node = next(self._search_view().iter("field"))
        domain = safe_eval(node.get("filter_domain"), {"self": text})
        return self.env["sale.order"].with_user(user or self.seller).search(domain)

    def test_search_box_finds_by_number_reference_name_and_phone(self):
        order, other = self._create_orders(2)
        caller = self.env["res.partner"].create(
            {"name": "Zofia Malinowska", "phone": "+48 61 555-01-99"}
        )
        order._write({"partner_id": caller.id, "client_order_ref": "PO-99001"})
        self.env.invalidate_all()
        for text in (
            order.name,
            "PO-99001",
            "malinowska",
            "+48615550199",
            "061 555 01 99",
            "(48) 61/555.0199",
            "5550199",
        ):
            with self.subTest(text=text):
                found = self._search_box(text)
                self.assertIn(order, found)
                self.assertNotIn(other, found)
        for text in ("0199", "+48 61 555 01 98", "S5550199", "000000"):
            with self.subTest(text=text):
                self.assertNotIn(order, self._search_box(text))

    def test_phone_in_a_filter_of_ones_own(self):
        """Odoo's editor of filters offers more than the search box asks."""
        order, without = self._create_order(), self._create_order()
        order.partner_id = order.partner_id.copy({"phone": "+48 61 555 01 99"})
        without.partner_id = without.partner_id.copy({"phone": False})
        orders = self.env["sale.order"].with_user(self.seller)
        for operator, value, found in (
            ("=", "+48 61 555 01 99", order),
            ("in", ["+48 61 555 01 99"], order),
            ("!=", "+48 61 555 01 99", without),
            ("!=", False, order),
            ("=", False, without),
            ("not ilike", "555-01-99", without),
        ):
            with self.subTest(operator=operator, value=value):
                domain = [("customer_phone", operator, value), ("id", "in", (order + without).ids)]
                self.assertEqual(orders.search(domain), found)

    def test_search_box_by_phone_shows_only_readable_orders(self):
        order = self._create_order(user_id=self.manager.id)
        order.partner_id.phone = "+48 61 555 01 99"
        own = new_test_user(self.env, "test_own_docs", groups="sales_team.group_sale_salesman")
        self.assertIn(order, self._search_box("615550199"))
        self.assertNotIn(order, self._search_box("615550199", user=own))

    def test_every_filter_and_group_by_works(self):
        self._create_order()
        for node in self._search_view().iter("filter"):
            name = node.get("name")
            with self.subTest(filter=name):
                if node.get("domain"):
                    self._filtered(name)
                group = safe_eval(node.get("context") or "{}").get("group_by")
                if group:
                    by_month = self.env["sale.order"]._fields[group].type == "datetime"
                    self.env["sale.order"].formatted_read_group(
                        [], [f"{group}:month" if by_month else group], ["__count"]
                    )

    def test_queries_of_the_list_do_not_grow_with_the_orders(self):
        view = self.env.ref("order_status_flags.sale_order_view_list_status")
        names = list(self.env["sale.order"].get_view(view.id, "list")["models"]["sale.order"])
        counts = []
        for orders in (self._create_orders(3), self._create_orders(30)):
            orders.set_order_flag(self.flag_in_progress.id)
            with self._count_queries() as queries:
                orders.with_user(self.seller).read(names)
            counts.append(queries[0])
        self.assertNoMoreQueries(*counts)

    def test_menu_actions_open(self):
        for xmlid in ("sale_order_status_action_orders", "sale_order_status_action_attention"):
            action = self.env.ref(f"order_status_flags.{xmlid}")
            orders = self.env["sale.order"].with_user(self.seller)
            orders.search(safe_eval(action.domain or "[]"))
            modes = [(view_id, mode) for view_id, mode in action.views]
            self.assertEqual([mode for _id, mode in modes], ["list", "kanban", "form"])
            orders.get_views(modes)


@tagged("post_install", "-at_install")
class TestCodebooks(OrderStatusCommon):
    def test_status_form(self):
        form = Form(self.env["sale.order.status"].with_user(self.manager))
        form.name = "Ready for pick-up"
        form.category = "in_progress"
        form.next_status_ids.add(self.fulfilled)
        status = form.save()
        self.assertTrue(status.code)
        self.assertEqual(status.cancellation_qualifier, "closed")
        self.assertEqual(status.next_status_ids, self.fulfilled)

    def test_archived_statuses_are_shown_where_they_are_set_and_not_offered(self):
        old = self._create_status("Old")
        self.in_progress.next_status_ids = old | self.fulfilled
        old.active = False
        form = Form(self.in_progress.with_user(self.manager))
        self.assertEqual(form.next_status_ids[:], old | self.fulfilled)
        form.name = "Being packed"
        self.assertEqual(form.save().next_status_ids, old | self.fulfilled)
        field = form._view["tree"].xpath("//field[@name='next_status_ids']")[0]
        context = self.in_progress._fields["next_status_ids"].context
        offered = self.env["sale.order.status"].with_context(**context)
        names = offered.name_search("", safe_eval(field.get("domain")))
        self.assertNotIn(old.id, dict(names))
        self.assertIn(self.saved.id, dict(names))

    def test_flag_form(self):
        form = Form(self.env["sale.order.flag"].with_user(self.manager))
        form.name = "Waiting for goods"
        form.status_id = self.in_progress
        self.assertEqual(form.save().status_id, self.in_progress)

    def test_drag_handle_changes_what_comes_after(self):
        self.assertTrue(self.fulfilled._comes_after(self.in_progress))
        later = self._create_status("Later", sequence=90)
        self.assertTrue(later._comes_after(self.in_progress))
        (later | self.in_progress).with_user(self.manager).web_resequence({"sequence": {}})
        self.assertTrue(self.in_progress._comes_after(later))

    def test_flag_for_the_status_of_a_company_is_of_that_company(self):
        packed = self._create_status("Packed", company_id=self.company.id)
        form = Form(self.env["sale.order.flag"].with_user(self.manager))
        form.name = "Packed"
        form.status_id = packed
        flag = form.save()
        self.assertEqual(flag.company_id, self.company)

    def test_menus_are_where_a_sales_manager_looks(self):
        for xmlid, parent in (
            ("sale_order_status_menu_orders", "sale.sale_order_menu"),
            ("sale_order_status_menu_attention", "sale.sale_order_menu"),
            ("sale_order_status_history_menu", "sale.menu_sale_report"),
            ("sale_order_status_menu_config", "sale.menu_sale_config"),
        ):
            with self.subTest(menu=xmlid):
                menu = self.env.ref(f"order_status_flags.{xmlid}")
                self.assertEqual(menu.parent_id, self.env.ref(parent))

    def test_status_managers_reach_the_codebooks(self):
        manager_menus = self.env["ir.ui.menu"].with_user(self.manager)._visible_menu_ids()
        seller_menus = self.env["ir.ui.menu"].with_user(self.seller)._visible_menu_ids()
        for xmlid in ("sale_order_status_menu", "sale_order_flag_menu"):
            menu = self.env.ref(f"order_status_flags.{xmlid}")
            self.assertIn(menu.id, manager_menus)
            self.assertNotIn(menu.id, seller_menus)

    def test_salespeople_do_not_resequence(self):
        with self.assertRaises(AccessError):
            self.saved.with_user(self.seller).sequence = 99
