"""Where a statement is made: the public form, an order's link, or the customer's portal."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from odoo.tools import format_date

from ..captions import get_confirm_caption, get_function_caption
from ..quantity import format_quantity, may_mean_thousands


@dataclass(slots=True)
class Place:
    """One of the three places of the function, for one request.

    :ivar source: ``form``, ``tracking`` or ``portal``
    :ivar path: address of the form; review and confirmation lie below it
    :ivar company: ``res.company`` (sudo)
    :ivar order: ``sale.order`` (sudo), empty on the public form
    :ivar lang: code that the visitor chose, empty for none
    :ivar was_portal: whether the form was one of the portal, whose session is over
    """

    source: str
    path: str
    company: Any
    order: Any
    lang: str = ""
    was_portal: bool = False

    @property
    def env(self):
        return self.order.env

    @property
    def caption_lang(self):
        """The language of the law's words: that of the page, or one that the visitor asked for."""
        return self.lang or self.env.lang

    def get_reference(self, declaration):
        """Return what names the contract: the order's number where it is known."""
        return self.order.name if self.order else declaration.reference

    def get_lines(self):
        """Return the articles of the order that can be withdrawn from."""
        return self.order.order_line._filter_withdrawable()

    def get_zone(self):
        """Return the time zone of the page; the same on the public form, whatever is typed."""
        if self.order:
            return self.order._get_customer_page_tz(self.env.user)
        return self.company._get_withdrawal_zone()

    def get_errors(self, declaration):
        """Return what is missing or not understood, in words.

        :return: ``{name of the field: text}``
        """
        words = {
            "name": self.env._("Please enter your name."),
            "reference": self.env._(
                "Please enter the number of your order, or say in words what you ordered."
            ),
            "email": self.env._("Please enter the e-mail address to which we confirm the receipt."),
        }
        missing = declaration.get_missing()
        errors = {name: words[name] for name in missing if not (name == "reference" and self.order)}
        if self.was_portal and declaration.lines:
            # Without a login no article is shown; a part must not become the whole order.
            errors["reason"] = self.env._(
                "Your session is over. Please say here in words which articles you withdraw from,"
                " or log in again."
            )
        if self._is_any_line_gone(declaration):
            # Without them the statement would be one about the whole order.
            errors["reason"] = self.env._(
                "The articles of the order have changed meanwhile. Please choose again what you"
                " withdraw from."
            )
        return errors | self._get_quantity_errors(declaration)

    def _is_any_line_gone(self, declaration):
        """Whether the customer names articles that the order does not have any more."""
        return bool(self.order) and not declaration.lines.keys() <= set(self.get_lines().ids)

    def _get_quantity_errors(self, declaration):
        lines = self.get_lines()
        quantities, unclear = declaration.get_quantities(lines.ids)
        # What the unit rounds to nothing is a quantity of nothing: it could not be kept.
        unclear += [
            line.id
            for line in lines
            if line.id in quantities and line.product_uom_id.is_zero(quantities[line.id])
        ]
        errors = {
            f"line_{line_id}": self.env._("Please enter a quantity, or leave it empty.")
            for line_id in unclear
        }
        for line in lines:
            if line.product_uom_id.compare(quantities.get(line.id, 0), line.product_uom_qty) > 0:
                errors[f"line_{line.id}"] = self.env._(
                    "You ordered %(quantity)s.",
                    quantity=format_quantity(self.env, line.product_uom_qty),
                )
            elif may_mean_thousands(declaration.lines.get(line.id, ""), line.product_uom_qty):
                errors[f"line_{line.id}"] = self.env._(
                    "Please write the quantity without separators between thousands."
                )
        return errors

    def get_quantities(self, declaration):
        """Return ``{line id: quantity}`` as declared; empty for the whole order."""
        return declaration.get_quantities(self.get_lines().ids)[0] if self.order else {}

    def word(self, declaration):
        """Return the statement as the customer reads it before confirming."""
        quantities = self.get_quantities(declaration)
        articles = [
            " ".join(
                (
                    format_quantity(self.env, quantities[line.id]),
                    line.product_uom_id.name,
                    line._get_tracking_page_name(),
                )
            )
            for line in self.get_lines()
            if line.id in quantities
        ]
        return self.env["sale.withdrawal"]._word_statement(
            declaration, self.get_reference(declaration), articles
        )

    def get_record(self, declaration):
        """Return what is recorded beside the words, see ``sale.withdrawal._submit``."""
        return {
            "source": self.source,
            "company_id": self.company.id,
            "order_id": self.order.id,
            "reference": self.get_reference(declaration),
            "lines": self.get_quantities(declaration),
            "lang": self.env.lang,
            "tz": self.get_zone(),
        }

    def get_page_values(self, **values):
        """Return what all pages of the function show."""
        return {
            "place": self,
            "order": self.order,
            "company": self.company,
            "caption": get_function_caption(self.caption_lang),
            "confirm_caption": get_confirm_caption(self.caption_lang),
            "lines": self.get_lines(),
            "format_quantity": partial(format_quantity, self.env),
            "deadline_note": self._get_deadline_note(),
            **values,
        }

    def _get_deadline_note(self):
        """Return what the period is, for an order that is known; late ones are recorded as well."""
        deadline = self.order and self.order._get_withdrawal_deadline().last_day
        if not deadline:
            return ""
        return self.env._(
            "The withdrawal period ends on %(day)s. A later statement is recorded, too, and we look"
            " at it.",
            day=format_date(self.env, deadline),
        )
