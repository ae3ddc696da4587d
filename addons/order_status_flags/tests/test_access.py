from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.models import BaseModel
from odoo.modules import Manifest
from odoo.service.model import call_kw
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import OrderStatusCommon

# Who may do what with an order of their own and with a colleague's.
ORDER_METHODS = {
    "set_order_status": lambda test: [test.in_progress.id],
    "set_order_flag": lambda test: [test.flag_in_progress.id],
    "rotate_tracking_token": lambda test: [],
    "action_accept_cancellation": lambda test: [],
    "action_decline_cancellation": lambda test: ["no"],
    "action_resend_failed_status_mail": lambda test: [],
}
MODELS = (
    "sale.order.status",
    "sale.order.status.event",
    "sale.order.flag",
    "sale.order.status.history",
    "sale.order.status.wizard",
    "sale.order.cancellation.decline",
)
NONE, READ, ALL = "", "read", "read write create unlink"
WIZARD = "read write create"
# The history is read-only for everybody; events come with the addons.
RIGHTS = {
    "own_seller": (READ, READ, READ, READ, WIZARD, WIZARD),
    "all_seller": (READ, READ, READ, READ, WIZARD, WIZARD),
    "manager": (ALL, READ, ALL, READ, WIZARD, WIZARD),
    "employee": (READ, READ, READ, NONE, NONE, NONE),
    "portal": (NONE, NONE, NONE, NONE, NONE, NONE),
}


@tagged("post_install", "-at_install")
class TestWholeOrder(OrderStatusCommon):
    def test_who_reads_orders_reads_all_their_fields(self):
        """As integrations do; accountants read orders, and no history."""
        accountant = new_test_user(
            self.env, "test_accountant", groups="account.group_account_invoice"
        )
        order = self._create_order()
        values = order.with_user(accountant).read()[0]
        self.assertNotIn("status_history_ids", values)
        self.assertIn("status_history_ids", order.with_user(self.seller).read()[0])


@tagged("post_install", "-at_install")
class TestAccess(OrderStatusCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.portal = new_test_user(cls.env, "test_portal", groups="base.group_portal")
        cls.users = {
            "own_seller": new_test_user(
                cls.env, "test_own_seller", groups="sales_team.group_sale_salesman"
            ),
            "all_seller": cls.seller,
            "manager": cls.manager,
            "employee": new_test_user(cls.env, "test_employee", groups="base.group_user"),
            "portal": cls.portal,
        }

    def _create_cancellable_order(self, salesperson):
        return self._create_cancellable_orders(1, salesperson)

    def _create_cancellable_orders(self, count, salesperson):
        """Return orders for which every one of ``ORDER_METHODS`` has something to do."""
        orders = self._create_orders(
            count, partner_id=self.portal.partner_id.id, user_id=salesperson.id
        ).sudo()
        orders._write_status_fields({"cancellation_requested_on": "2026-01-01 10:00:00"})
        rows = orders.status_history_ids
        rows.status_id.mail_template_id = self.in_progress.mail_template_id
        rows.write({"mail_state": "failed"})
        return orders

    def _call(self, user, record, method, args):
        """Call as a remote client does, errors included."""
        env = self.env(user=user)
        return call_kw(env[record._name], method, [record.ids, *args], {})

    def test_order_methods(self):
        own_seller = self.users["own_seller"]
        for role, user in self.users.items():
            for owner in (own_seller, self.manager):
                allowed = role in ("all_seller", "manager") or user == owner
                orders = self._create_cancellable_orders(len(ORDER_METHODS), owner)
                for order, (method, get_args) in zip(orders, ORDER_METHODS.items(), strict=True):
                    with self.subTest(role=role, method=method, own=user == owner):
                        if allowed:
                            self.assertIs(self._call(user, order, method, get_args(self)), True)
                        else:
                            with self.assertRaises(AccessError):
                                self._call(user, order, method, get_args(self))
                            self.assertEqual(order.order_status_id, self.saved)
                            self.assertTrue(order.cancellation_requested_on)

    def test_resend_needs_write_access_to_the_order(self):
        own_seller = self.users["own_seller"]
        for role, user in self.users.items():
            order = self._create_cancellable_order(own_seller)
            row = self._rows(order)[-1]
            with self.subTest(role=role):
                if role in ("own_seller", "all_seller", "manager"):
                    self.assertIs(self._call(user, row, "action_resend_mail", []), True)
                    self.assertEqual(row.mail_state, "pending")
                else:
                    with self.assertRaises(AccessError):
                        self._call(user, row, "action_resend_mail", [])
                    self.assertEqual(row.mail_state, "failed")

    def test_force_is_for_managers(self):
        self.saved.next_status_ids = self.in_progress
        for role, user in self.users.items():
            order = self._create_order(user_id=self.users["own_seller"].id)
            with self.subTest(role=role):
                args = [self.fulfilled.id, False, True, True]
                if role == "manager":
                    self._call(user, order, "set_order_status", args)
                    self.assertEqual(order.order_status_id, self.fulfilled)
                else:
                    with self.assertRaises(AccessError):
                        self._call(user, order, "set_order_status", args)
                    self.assertEqual(order.order_status_id, self.saved)

    def test_model_rights(self):
        for role, rights in RIGHTS.items():
            for model, allowed in zip(MODELS, rights, strict=True):
                for operation in ALL.split():
                    with self.subTest(role=role, model=model, operation=operation):
                        has = self.env[model].with_user(self.users[role]).has_access(operation)
                        self.assertEqual(has, operation in allowed.split())

    def test_private_methods_are_not_callable(self):
        order = self._create_order()
        for method in ("_change_status", "_apply_status_changes", "_trigger_status_event"):
            with self.subTest(method=method), self.assertRaises(AccessError):
                self._call(self.manager, order, method, [])

    def test_codebooks_change_by_managers_only(self):
        for role, user in self.users.items():
            status, flag = self._create_status(), self._create_flag()
            for record in (status, flag):
                with self.subTest(role=role, model=record._name):
                    if role == "manager":
                        record.with_user(user).name = "Renamed"
                        self.assertEqual(record.name, "Renamed")
                    else:
                        with self.assertRaises(AccessError):
                            record.with_user(user).name = "Renamed"

    def test_refusals_tell_strangers_nothing(self):
        """Whether a value is what is there already is no answer to who may not write."""
        order = self._create_order(user_id=self.manager.id)
        for role in ("portal", "employee", "own_seller"):
            for name, values in {
                "was_placed": (True, False),
                "customer_status_id": (self.saved.id, self.in_progress.id),
                "cancellation_requested_on": (False, "2026-01-01 10:00:00"),
                "order_tracking_token": (order.order_tracking_token, "x"),
            }.items():
                for value in values:
                    with (
                        self.subTest(role=role, name=name, value=value),
                        self.assertRaises(AccessError),
                        self.cr.savepoint(),
                    ):
                        self._call(self.users[role], order, "write", [{name: value}])

    def test_customers_and_readers_mark_no_cart_as_sent(self):
        """Odoo's route for messages posts as the superuser, in the context of the request."""
        cart = self._create_order(
            confirm=False, partner_id=self.portal.partner_id.id, document_type="web"
        )
        reader = new_test_user(self.env, "osf_reader", "account.group_account_readonly")
        self.assertTrue(cart.with_user(reader).has_access("read"))
        for user, state in ((self.portal, "draft"), (reader, "draft"), (self.seller, "sent")):
            posting = cart.with_user(user).sudo().with_context(mark_so_as_sent=True)
            message = posting.message_post(body="Hello")
            self.assertIn("Hello", message.body)
            self.assertEqual((cart.state, cart.was_placed), (state, state == "sent"))

    def test_history_is_append_only_for_managers_too(self):
        row = self._rows(self._create_order())
        for values in ({"note": "x"}, {"date": "2020-01-01"}, {"mail_state": "sent"}):
            with self.subTest(values=values), self.assertRaises(UserError):
                row.with_user(self.manager).write(values)
        with self.assertRaises(UserError):
            row.with_user(self.manager).unlink()

    def test_salesperson_reads_the_history_of_own_orders_only(self):
        own_seller = self.users["own_seller"]
        own = self._create_order(user_id=own_seller.id)
        other = self._create_order(user_id=self.manager.id)
        seen = self.env["sale.order.status.history"].with_user(own_seller).search([]).order_id
        self.assertIn(own, seen)
        self.assertNotIn(other, seen)

    def test_portal_reads_no_internal_field(self):
        order = self._create_order(partner_id=self.portal.partner_id.id).with_user(self.portal)
        order.read(["name", "customer_cancellation"])
        for name in (
            "order_flag_id",
            "order_flag_note",
            "order_status_id",
            "status_history_ids",
            "status_history_count",
            "allowed_flag_ids",
            "allowed_status_ids",
            "status_mail_failed",
            "status_mail_error",
            "can_have_status",
            "is_status_stuck",
            "cancellation_requested_on",
            "cancellation_request_reason",
            "status_attention",
            "customer_phone",
            "tracking_url",
            "order_tracking_token",
        ):
            with self.subTest(field=name), self.assertRaises(AccessError):
                order.read([name])

    def test_protected_fields_are_read_in_no_way_at_all(self):
        """Every field of these addons with groups, of every model that a customer reads."""
        order = self._create_order(partner_id=self.portal.partner_id.id)
        order.set_order_flag(self.flag_in_progress.id)
        self.env.flush_all()
        walked = 0
        for model in self.env.values():
            model = model.with_user(self.portal)
            if model._abstract or model._transient or not model.has_access("read"):
                continue
            for field in filter(self._is_own_protected_field, model._fields.values()):
                walked += 1
                for way, read in self._get_ways_to_read(model, field).items():
                    if way == "set" and field.required:
                        continue  # everything, which says nothing
                    with self.subTest(field=str(field), way=way):
                        self._assert_refused(read)
        self.assertGreater(walked, 15)

    def _is_own_protected_field(self, field):
        author = Manifest.for_addon("order_status_flags")["author"]
        return (
            field.groups
            and not self.portal.has_groups(field.groups)
            and field._module  # none: made by the models' own machinery
            and Manifest.for_addon(field._module)["author"] == author
        )

    def _get_ways_to_read(self, model, field):
        name = field.name
        return {
            "read": lambda: model.search([], limit=1).read([name]),
            "domain": lambda: model.search_count([(name, "=", self._get_value(model, name))]),
            "words": lambda: model.search_count([(name, "ilike", "061 555 0100")]),
            "set": lambda: model.search_count([(name, "!=", False)]),
            "order": lambda: model.search([], order=f"{name} desc").ids,
            "group": lambda: model.formatted_read_group([], [name], ["__count"]),
            "aggregate": lambda: model.formatted_read_group([], [], [f"{name}:max"]),
            "count": lambda: model.formatted_read_group([], [], [f"{name}:count_distinct"]),
            "group order": lambda: model.formatted_read_group(
                [], ["id"], ["__count"], order=f"{name}:max desc"
            ),
            "having": lambda: model._read_group([], ["id"], having=[(f"{name}:max", ">", 0)]),
        }

    def _get_value(self, model, name):
        """What a customer could guess: a value that is there, else any."""
        value = model.sudo().search([], limit=1)[name]
        return value[:1].id if isinstance(value, BaseModel) else value or True

    def _assert_refused(self, read):
        with (
            mute_logger("odoo.models", "odoo.domains"),
            self.env.cr.savepoint(),
        ):
            try:
                read()
            # A field that no query can use is refused as well.
            except (UserError, ValueError, NotImplementedError):
                return
        self.fail("readable")

    def test_colors_are_refused_as_everything_else(self):
        order = self._create_order(partner_id=self.portal.partner_id.id).with_user(self.portal)
        for name in ("order_flag_color", "order_status_color"):
            with self.assertRaises(AccessError):
                order.search([], order=name)
            with self.assertRaises(AccessError):
                order.formatted_read_group([], [name], ["__count"])
            with self.assertRaises(AccessError):
                order.formatted_read_group([], [], [f"{name}:sum"])

    def test_opening_an_order_needs_no_right_to_the_history(self):
        accountant = new_test_user(
            self.env, "test_accountant", groups="account.group_account_invoice"
        )
        order = self._create_order().with_user(accountant)
        arch = order.get_view(self.env.ref("sale.view_order_form").id, "form")["arch"]
        self.assertNotIn("status_history_ids", arch)
        self.assertEqual(order.read(["status_history_count"])[0]["status_history_count"], 1)


@tagged("post_install", "-at_install")
class TestCompanies(OrderStatusCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.env["res.company"].create({"name": "Other Company"})
        cls.other_seller = new_test_user(
            cls.env,
            "test_other_seller",
            groups="sales_team.group_sale_salesman_all_leads",
            company_id=cls.other.id,
            company_ids=[Command.set(cls.other.ids)],
        )
        cls.other_status = cls._create_status("Theirs", company_id=cls.other.id)
        cls.other_flag = cls._create_flag("Theirs", company_id=cls.other.id)
        cls.own_status = cls._create_status("Ours", company_id=cls.company.id)
        cls.own_flag = cls._create_flag("Ours", company_id=cls.company.id)

    def test_codebooks_of_other_companies_are_not_seen(self):
        for model, own, other, shared in (
            ("sale.order.status", self.own_status, self.other_status, self.saved),
            ("sale.order.flag", self.own_flag, self.other_flag, self.flag_in_progress),
        ):
            ours = self.env[model].with_user(self.seller).search([])
            theirs = self.env[model].with_user(self.other_seller).search([])
            self.assertIn(shared, ours & theirs)
            self.assertTrue(own in ours and own not in theirs)
            self.assertTrue(other in theirs and other not in ours)

    def test_refusals_name_nothing_of_other_companies(self):
        """What there is and what it is called: ids could be walked."""
        order = self._create_order().with_user(self.seller)
        self.other_status.document_type = "web"
        Status, Flag = self.env["sale.order.status"], self.env["sale.order.flag"]
        unknown = Status.search([], order="id desc", limit=1).id + 1000
        for ids, calls in (
            (
                (unknown, self.other_status.id),
                (order.set_order_status, lambda id_: order.write({"order_status_id": id_})),
            ),
            (
                (Flag.search([], order="id desc", limit=1).id + 1000, self.other_flag.id),
                (order.set_order_flag, lambda id_: order.write({"order_flag_id": id_})),
            ),
        ):
            for call in calls:
                messages = set()
                for archived in (False, True):
                    self.other_status.active = not archived
                    self.other_flag.active = not archived
                    for id_ in ids:
                        with self.assertRaises(UserError) as caught:
                            call(id_)
                        messages.add(str(caught.exception))
                self.assertEqual(len(messages), 1, messages)
        # Who sees both companies is told what is wrong.
        self.seller.company_ids += self.other
        with self.assertRaisesRegex(UserError, "Theirs"):
            order.set_order_flag(self.other_flag.id)

    def test_history_of_other_companies_is_not_seen(self):
        order = self._create_order()
        history = self.env["sale.order.status.history"].with_user(self.other_seller)
        self.assertFalse(history.search([("order_id", "=", order.id)]))

    def test_manager_does_not_change_codebooks_of_other_companies(self):
        with self.assertRaises(AccessError):
            self.other_status.with_user(self.manager).name = "Mine"

    def test_pickers_offer_the_order_company_only(self):
        order = self._create_order()
        order.invalidate_recordset()
        self.assertNotIn(self.other_status, order.allowed_status_ids)
        self.assertIn(self.own_status, order.allowed_status_ids)
        self.assertNotIn(self.other_flag, order.allowed_flag_ids)
        self.assertIn(self.own_flag, order.allowed_flag_ids)
