from odoo import api, fields, models

from ..exceptions import EXCEPTIONS


class ProductTemplate(models.Model):
    _inherit = "product.template"

    withdrawal_exception = fields.Selection(
        selection="_selection_withdrawal_exception",
        string="Exception from withdrawal",
        help="Why the right of withdrawal does not hold, or may end early. Customers read it; the"
        " function is offered to them all the same.",
    )

    @api.model
    def _selection_withdrawal_exception(self):
        return [
            (value, f"{self.env._(name)} ({self.env._('Article')} {article})")
            for value, (name, article, _text) in EXCEPTIONS.items()
        ]

    def _describe_withdrawal_exceptions(self):
        """Return a line in words for each of these products with an exception.

        :rtype: list[str]
        """
        lines = []
        for product in self.filtered("withdrawal_exception"):
            _name, article, text = EXCEPTIONS[product.withdrawal_exception]
            lines.append(
                self.env._(
                    "%(product)s: %(text)s (Directive 2011/83/EU, Article %(article)s)",
                    product=product.name,
                    text=self.env._(text),
                    article=article,
                )
            )
        return lines
