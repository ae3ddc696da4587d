"""What a customer is told after a form was sent, once, on the page that follows."""

from odoo.exceptions import UserError
from odoo.http import request

SESSION_KEY = "order_status_notice"


def cancel_as_customer(order, reason, partner, by_link=False):
    """Cancel the order for its customer and leave the answer for the next page.

    :param sale.order order: the customer's right to it has been checked
    :param str reason: from the form, may be missing
    :param res.partner partner: the customer
    :param bool by_link: whether the tracking link was used instead of a login
    """
    reason = reason if isinstance(reason, str) else ""  # a file has no words
    try:
        # A savepoint: a refusal halfway through must leave nothing half done, since the
        # request itself ends well.
        with request.env.cr.savepoint():
            # No customer waits for a mail server until the salesperson is told.
            result = order.with_context(mail_notify_force_send=False)._customer_cancel(
                reason, partner, by_link=by_link
            )
            order.env["mail.mail"]._trigger_queue()
    except UserError as error:
        leave_notice(order.id, "danger", str(error), reason=reason[:2000])
    else:
        leave_notice(order.id, "success", _get_answer(order, result))


def ask_as_customer(order, text):
    """Pass a question of the customer on and leave the answer for the next page.

    :param sale.order order: the link to it has been checked
    :param str text: from the form, may be missing
    """
    text = text if isinstance(text, str) else ""  # a file has no words
    try:
        # A savepoint: see above.
        with request.env.cr.savepoint():
            order.with_context(mail_notify_force_send=False)._receive_question(text)
            order.env["mail.mail"]._trigger_queue()
    except UserError as error:
        leave_notice(order.id, "danger", str(error), question=text[:2000])
    else:
        leave_notice(
            order.id,
            "success",
            order.env._(
                "We have received your message, and will answer by e-mail and on this page."
            ),
        )


def leave_notice(order_id, kind, text, **values):
    """Leave a text for the next page about this order.

    :param str kind: ``success``, ``warning`` or ``danger``
    """
    request.session[SESSION_KEY] = {"order": order_id, "kind": kind, "text": text, **values}


def _get_answer(order, result):
    if result == "cancelled":
        return order.env._("Your order is cancelled.")
    if result == "requested":
        return order.env._("We have received your request to cancel the order, and will answer it.")
    if order.sudo().state == "cancel":  # sudo: visitors read no order
        return order.env._("The order is already cancelled.")
    return order.env._("You have already asked to cancel this order. We will answer you.")


def has_notice():
    """Whether something is to be told, about whichever order."""
    return bool(request.session.get(SESSION_KEY))


def pop_notice(order):
    """Return what is to be told about this order, and forget it.

    :rtype: dict with ``kind``, ``text`` and perhaps ``reason`` or ``question``; empty when
        there is nothing
    """
    notice = request.session.get(SESSION_KEY)
    if not notice or notice.get("order") != order.id or request.httprequest.method == "HEAD":
        return {}
    return request.session.pop(SESSION_KEY)
