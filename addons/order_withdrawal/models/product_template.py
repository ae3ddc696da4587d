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
        return [
            f"{product.name}: {product._get_withdrawal_exception_text()}"
            for product in self.filtered("withdrawal_exception")
        ]

    def _get_withdrawal_exception_text(self):
        """Return why the right of withdrawal does not hold for this product, and by which article.

        :rtype: str
        """
        self.ensure_one()
        if not self.withdrawal_exception:
            return ""
        _name, article, text = EXCEPTIONS[self.withdrawal_exception]
        return self.env._(
            "%(text)s (Directive 2011/83/EU, Article %(article)s)",
            text=self.env._(text),
            article=article,
        )
