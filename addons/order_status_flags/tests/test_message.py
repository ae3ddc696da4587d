from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import freeze_time, new_test_user, tagged
from odoo.tools import html2plaintext

from odoo.addons.mail_delivery_retry.tests.common import Race

from .common import OrderStatusCommon
from .portal import TrackingCommon

ACTIVITY = "order_status_flags.mail_activity_type_question"


@tagged("post_install", "-at_install")
class TestMessagePage(TrackingCommon):
    def setUp(self):
        super().setUp()
        self.authenticate(None, None)
        self.order = self._create_order()

    def _send(self, message="Where are my goods?", order=None, **data):
        return self._post(f"{self._url(order or self.order)}/message", message=message, **data)

    def _activities(self):
        return self.order.activity_ids.filtered(
            lambda activity: activity.activity_type_id == self.env.ref(ACTIVITY)
        )

    def _answer(self, body="Tomorrow, by noon", **values):
        return self.order.with_user(self.seller).message_post(
            **{
                "body": body,
                "message_type": "comment",
                "subtype_xmlid": "mail.mt_comment",
                **values,
            }
        )

    # === ASKING === #

    def test_question_reaches_the_seller(self):
        response = self._send()
        self.assertEqual(response.status_code, 303)
        self.assertEqual(response.headers["Location"], self._url(self.order))
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        self.assertIn("received your message", self._alerts(self._open(self.order))[0])
        message = self.order.message_ids[0]
        self.assertIn("Where are my goods?", message.body)
        self.assertIn("without login", message.body)
        self.assertEqual(message.author_id, self.customer)
        self.assertEqual(self._activities().user_id, self.seller)
        self.assertEqual(self.order.status_attention, "question")
        found = self.env["sale.order"].search([("status_attention", "=", "question")])
        self.assertIn(self.order, found)
        self.assertIn("Where are my goods?", self.order.open_question)

    def test_question_is_text(self):
        self._send("<script>alert(1)</script> & <b>bold</b>")
        self.assertNotIn("<script>alert", self.order.message_ids[0].body)
        page = self._open(self.order)
        self.assertNotIn("<script>alert", page)
        self.assertIn("&lt;script&gt;alert", page)

    def test_bad_messages(self):
        for message, told in (
            ("", "Please write"),
            ("  \u200b ", "Please write"),
            ("x" * 2001, "too long"),
        ):
            self.assertEqual(self._send(message).status_code, 303)
            self.assertIn(told, self._alerts(self._open(self.order))[0])
        self.assertFalse(self.order.question_ids)
        self._send("x" * 2000)
        self.assertEqual(len(self.order.question_ids), 1)

    def test_five_a_day_and_order(self):
        now = fields.Datetime.now()
        for number in range(7):
            self._send(f"Question {number}")
        self.assertEqual(len(self.order.question_ids), 5)
        self.assertIn("several messages today", self._alerts(self._open(self.order))[0])
        other = self._create_order()
        self._send(order=other)
        self.assertEqual(len(other.question_ids), 1)
        with freeze_time(now + timedelta(days=1, minutes=1)):
            self.order._receive_question("Next day")
        self.assertEqual(len(self.order.question_ids), 6)

    def test_pressed_twice_is_asked_once(self):
        messages = self.order.message_ids
        for _press in range(7):
            self._send()
            self.assertIn("received your message", self._alerts(self._open(self.order))[0])
        self.assertEqual(len(self.order.question_ids), 1)
        self.assertEqual(len(self.order.message_ids - messages), 1)
        for number in range(4):
            self._send(f"Question {number}")
        self.assertEqual(len(self.order.question_ids), 5, "one of the five a day")
        with freeze_time(fields.Datetime.now() + timedelta(days=1, minutes=1)):
            self.order._receive_question("Question 3")
        self.assertEqual(len(self.order.question_ids), 6)

    def test_links_methods_and_tokens(self):
        url = f"{self._url(self.order)}/message"
        self.assertEqual(self._post(url, csrf=False, message="x").status_code, 400)
        response = self._get(url)
        self.assertEqual(
            (response.status_code, response.headers["Location"]), (303, self._url(self.order))
        )
        self.assertEqual(
            self._post("/order/status/no-such-token/message", message="x").status_code, 404
        )
        self.company.order_status_tracking_page = False
        self.assertEqual(self._send().status_code, 404)
        self.company.order_status_tracking_page = True
        self.order.rotate_tracking_token()
        self.env.flush_all()
        self.assertEqual(self._post(url, message="x").status_code, 404)
        draft = self._create_order(confirm=False)
        draft.sudo()._write_status_fields({"order_tracking_token": "x" * 40})
        self.assertEqual(self._send(order=draft).status_code, 404)
        self.assertFalse(self.order.question_ids)

    # === ANSWERING === #

    def test_answer_is_mailed_and_shown(self):
        self._send()
        message = self._answer("Tomorrow <b>by noon</b>")
        self.assertIn(self.customer, message.notified_partner_ids)
        page = self._open(self.order)
        self.assertIn("Our answer", page)
        self.assertIn("by noon", page)
        self.assertFalse(self.order.has_open_question)
        self.assertFalse(self._activities())
        self.assertNotEqual(self.order.status_attention, "question")

    def test_what_is_no_answer_is_never_shown(self):
        self._answer("before the question")
        self._send()
        self._answer("internal note", subtype_xmlid="mail.mt_note")
        self._answer("a quotation for 1234", email_layout_xmlid="mail.mail_notification_light")
        self._answer("made by a template", email_add_signature=False)
        self._answer("automatic", message_type="auto_comment")
        self._answer("kept inside", is_internal=True)
        self.order.message_post(
            body="by the customer",
            author_id=self.customer.id,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )
        page = self._open(self.order)
        self.assertNotIn("Our answer", page)
        self.assertTrue(self.order.has_open_question)
        self._answer("the answer")
        self._answer("after the answer")
        page = self._open(self.order)
        self.assertIn("the answer", page)
        for hidden in (
            "before the question",
            "internal note",
            "1234",
            "made by a template",
            "automatic",
            "kept inside",
            "after the answer",
        ):
            self.assertNotIn(hidden, page)

    def test_quotation_mail_is_no_answer(self):
        self._send()
        template = self.env.ref("sale.email_template_edi_sale")
        composer = (
            self.env["mail.compose.message"]
            .with_user(self.seller)
            .create(
                {
                    "model": "sale.order",
                    "res_ids": self.order.ids,
                    "template_id": template.id,
                    "composition_mode": "comment",
                }
            )
        )
        composer._action_send_mail()
        self.assertTrue(self.order.has_open_question)
        self.assertNotIn("Our answer", self._open(self.order))

    def test_answer_made_internal_or_deleted_is_gone(self):
        self._send()
        message = self._answer("A slip of the tongue")
        self.assertIn("A slip", self._open(self.order))
        message.sudo().is_internal = True
        self.env.flush_all()
        self.assertNotIn("A slip", self._open(self.order))
        message.sudo().unlink()
        self.env.flush_all()
        self.assertNotIn("Our answer", self._open(self.order))

    def test_another_customer_sees_nothing_of_it(self):
        self._send("This is not my order")
        asked = self._activities()
        self.order.partner_id = self.env["res.partner"].create(
            {"name": "Right", "email": "right@example.com"}
        )
        self.env.flush_all()
        self.assertNotIn("not my order", self._open(self.order))
        self.assertEqual(self._activities(), asked, "somebody answers who asked")
        message = self._answer("To the former customer")
        self.assertNotIn(self.order.partner_id, message.notified_partner_ids)
        self.assertNotIn("former customer", self._open(self.order))

    def test_another_customer_of_an_order_that_was_taken_back_sees_nothing_of_it(self):
        self._send("This is not my order")
        self._answer("To the former customer")
        self.order._action_cancel()
        self.order.action_draft()
        self.order.partner_id = self.env["res.partner"].create(
            {"name": "Right", "email": "right@example.com"}
        )
        self.order.action_confirm()
        self.env.flush_all()
        page = self._open(self.order)
        self.assertNotIn("not my order", page)
        self.assertNotIn("former customer", page)

    def test_another_customer_reads_no_message_of_the_former_one(self):
        self._send("This is not my order")
        self._answer("To the former customer")
        read = self.env["mail.message"].with_user(self.stranger)
        domain = [("model", "=", "sale.order"), ("res_id", "=", self.order.id)]
        self.order.partner_id = self.stranger.partner_id
        self._answer("To the new customer")
        self.env.flush_all()
        self.assertEqual(
            [html2plaintext(message.body) for message in read.search(domain)],
            ["To the new customer"],
        )
        self.authenticate("test_stranger", "test_stranger")
        fetch = {"thread_model": "sale.order", "thread_id": self.order.id}
        answer = str(self.make_jsonrpc_request("/mail/chatter_fetch", fetch))
        self.assertIn("To the new customer", answer)
        self.assertNotIn("former customer", answer)
        self.assertNotIn("not my order", answer)
        words = " ".join(self.order.with_user(self.seller).message_ids.mapped("body"))
        self.assertIn("not my order", words, "colleagues read it")

    def test_same_customer_of_an_order_that_was_taken_back_sees_what_he_asked(self):
        self._send("Where are my goods?")
        self.order._action_cancel()
        self.order.action_draft()
        self.order.partner_id = self.env["res.partner"].create(
            {"name": "Colleague", "parent_id": self.order.partner_id.id, "type": "contact"}
        )
        self.order.action_confirm()
        self.env.flush_all()
        self.assertIn("Where are my goods?", self._open(self.order))

    def test_answered_by_phone(self):
        self._send()
        self.order.with_user(self.seller).action_close_questions()
        self.assertFalse(self.order.has_open_question)
        self.assertFalse(self._activities())

    # === ACCESS === #

    def test_access(self):
        self._send()
        question = self.order.question_ids
        own = new_test_user(self.env, "message_own", groups="sales_team.group_sale_salesman")
        for user in (own, self.buyer, self.stranger):
            with self.assertRaises(AccessError):
                question.with_user(user).read(["text"])
            with self.assertRaises(AccessError):
                self.order.with_user(user).action_close_questions()
        for values in ({"text": "x"}, {"answer_id": False}):
            with self.assertRaises(AccessError):
                question.with_user(self.manager).write(values)
        with self.assertRaises(AccessError):
            self.order.with_user(self.buyer).read(["open_question"])
        with self.assertRaises(AccessError):
            self.order.with_user(self.buyer).search([("has_open_question", "=", True)])


@tagged("post_install", "-at_install")
class TestMessageRace(Race, OrderStatusCommon):
    def test_limit_holds_at_the_same_moment(self):
        with self._transaction() as env:
            partner = env["res.partner"].create({"name": "Race", "email": "race@example.com"})
            product = env["product.product"].create({"name": "Race", "type": "service"})
            order = env["sale.order"].create(
                {
                    "partner_id": partner.id,
                    "order_line": [Command.create({"product_id": product.id})],
                }
            )
            order.action_confirm()
            for number in range(4):
                order._receive_question(f"Question {number}")
            ids = order.id, partner.id, product.product_tmpl_id.id
        self.addCleanup(self._remove, *ids)
        refused = []

        def ask(env):
            try:
                env["sale.order"].browse(ids[0])._receive_question("The fifth")
            except UserError:
                refused.append(True)

        with self._transaction() as first, self._transaction() as second:
            second.cr.execute("SELECT 1")
            ask(first)
            first.flush_all()
            self._run_against(first, second, lambda: ask(second))
        self.assertEqual(refused, [True])
        with self._transaction() as env:
            order = env["sale.order"].browse(ids[0])
            self.assertEqual(len(order.question_ids), 5)

    def _remove(self, order_id, partner_id, template_id):
        with self._transaction() as env:
            env.cr.execute("DELETE FROM order_status_limit")
            env.cr.execute(
                "DELETE FROM mail_activity WHERE res_id = %s AND res_model = 'sale.order'",
                [order_id],
            )
            env.cr.execute("DELETE FROM sale_order WHERE id = %s", [order_id])
            env.cr.execute(
                "DELETE FROM mail_message WHERE model = 'sale.order' AND res_id = %s", [order_id]
            )
            env.cr.execute("DELETE FROM res_partner WHERE id = %s", [partner_id])
            env.cr.execute("DELETE FROM product_template WHERE id = %s", [template_id])
