from collections.abc import Collection

from odoo import api, models
from odoo.fields import Domain
from odoo.http import request


class IrRule(models.Model):
    _inherit = "ir.rule"

    @api.model
    def _compute_domain(self, model_name, mode="read"):
        """Override of `base` to use what a page has looked up, see `_resolve_for_page`."""
        known = request.__dict__.get("b2b_rules_of_page", {}) if request else {}
        domain = known.get(self._get_page_key(model_name, mode)) if known else None
        return super()._compute_domain(model_name, mode) if domain is None else domain

    @api.model
    def _resolve_for_page(self, model_name):
        """Look up who stands below the customer once, for all that a page reads of a model.

        Odoo counts a list before it reads it. Each time, and for each rule that says `child_of`,
        it looks for the contacts below the customer, which do not change while a page is made.

        :param str model_name: model that the current user reads
        """
        if self.env.su or not request or request.httprequest.method not in ("GET", "HEAD"):
            return
        # sudo: what a rule goes by is not asked for the user's rights, as in `_search`
        model = self.env[model_name].sudo().with_context(active_test=False)
        below = {}

        def resolve(condition):
            field = model._fields.get(condition.field_expr)
            # Rules may say it of a path, or of one id: these stay as they are.
            is_of_contact = field and field.comodel_name == "res.partner"
            if condition.operator != "child_of" or not is_of_contact:
                return condition
            if isinstance(condition.value, str) or not isinstance(condition.value, Collection):
                return condition
            key = frozenset(condition.value)
            if key not in below:
                found = condition.optimize_full(model).iter_conditions()
                below[key] = next((one.value for one in found), ())
            return Domain(condition.field_expr, "in", below[key])

        domain = self._compute_domain(model_name).map_conditions(resolve).optimize_full(model)
        known = request.__dict__.setdefault("b2b_rules_of_page", {})
        known[self._get_page_key(model_name, "read")] = domain

    @api.model
    def _get_page_key(self, model_name, mode):
        """Return what the domain of rules depends on, in one transaction."""
        values = tuple(self._compute_domain_context_values())
        return self.env.cr, self.env.uid, self.env.su, values, model_name, mode
