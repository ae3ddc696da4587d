import hashlib
import re

from markupsafe import Markup, escape

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import format_amount, format_date

from odoo.addons.mail_delivery_retry.language import get_active_lang

# Pasted and formatted words bring non-breaking spaces and tags along, in between the braces.
FILLING = r"(?:\s|&nbsp;|&#160;|<[^<>]*>)*"
PLACEHOLDER = re.compile(rf"\{{\{{({FILLING})(\w+)({FILLING})\}}\}}")
TAG = re.compile(r"<[^<>]*>")


class B2bAgreement(models.Model):
    """Text: written from a template, with the terms of the agreement."""

    _inherit = "b2b.agreement"

    @api.onchange("template_id")
    def _onchange_template_id(self):
        # A new agreement has no customer and no number yet; its text is written on saving.
        if self.template_id and self._origin:
            self.body = self._render_body()

    def _fill_body_from_template(self):
        """Write the text of agreements that were made from a template only."""
        for agreement in self:
            is_open = agreement.state in ("draft", "sent")
            if not agreement.body and agreement.template_id and is_open:
                agreement.body = agreement._render_body()

    def _has_text_of_template(self):
        """Return whether the text is still what the template gave, as no one has edited it.

        :rtype: bool
        """
        self.ensure_one()
        if not self.template_id or not self.body:
            return False
        words = self._get_words()
        # Texts written before 19.0.2.1.0 say an amount of zero where no minimum is agreed.
        former = {**words, "minimum_order": str(escape(self._format_minimum_order()))}
        # As the field keeps it: a non-breaking space in an amount becomes an entity, for example.
        to_cache = self._fields["body"].convert_to_cache
        return any(
            str(self.body) == str(to_cache(self._render_body(terms), self))
            for terms in (words, former)
        )

    def action_render_body(self):
        """Write the text anew from the template, with the terms as they are now.

        :return: True
        :raise UserError: when the agreement is signed or has no template
        """
        for agreement in self:
            if not agreement.template_id:
                raise UserError(self.env._("Choose a text template first."))
            agreement.body = agreement._render_body()
        return True

    def _render_body(self, words=None):
        """Return the template's text with the terms of this agreement, in the customer's language.

        :param dict words: `{placeholder: HTML}`, those of `_get_words` by default
        :rtype: Markup
        """
        self.ensure_one()
        words = words or self._get_words()

        def fill(match):
            before, name, after = match.groups()
            if name not in words:
                return match[0]
            tags = "".join(TAG.findall(before)), "".join(TAG.findall(after))
            return f"{tags[0]}{words[name]}{tags[1]}"

        text = self._in_customers_language().template_id.body or ""
        return Markup(PLACEHOLDER.sub(fill, str(text)))

    def _in_customers_language(self):
        """Return the agreement in the language of its text.

        Of a customer without one, in the company's, whoever writes it.
        """
        # sudo: whoever reads it may not act for the company
        env = self.sudo().with_company(self._get_selling_company()).env
        return self.with_context(lang=get_active_lang(env, self.partner_id.lang))

    def _get_words(self):
        """Return the words of this agreement as they stand in its text.

        :return: `{placeholder: HTML}`
        :rtype: dict
        """
        terms = self._in_customers_language()._get_body_terms()
        return {name: str(escape(term)) for name, term in terms.items()}

    def _get_body_terms(self):
        """Return the words that an agreement text may use.

        :return: `{placeholder: text}`
        :rtype: dict
        """
        self.ensure_one()
        return {
            "number": self.name or "",
            "customer": self.partner_id.display_name or "",
            "company": self.company_id.display_name,
            "date_start": format_date(self.env, self.date_start),
            "date_end": format_date(self.env, self.date_end) or self.env._("open-ended"),
            "pricelist": self.pricelist_id.name or self.env._("usual prices"),
            "currency": self.currency_id.name or "",
            "payment_terms": self.payment_term_id.name or self.env._("immediate payment"),
            "minimum_order": (
                self._format_minimum_order() if self.minimum_order_amount else self.env._("none")
            ),
        }

    def _format_minimum_order(self):
        """Return the smallest amount of an order in the customer's language.

        :rtype: str
        """
        env = self._in_customers_language().env
        return format_amount(env, self.minimum_order_amount, self.currency_id)

    def _get_body_hash(self):
        """Return the SHA-256 of the stored text.

        :return: 64 hexadecimal digits
        :rtype: str
        """
        self.ensure_one()
        return hashlib.sha256(str(self.body or "").encode()).hexdigest()
