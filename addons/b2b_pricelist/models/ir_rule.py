from odoo import api, models
from odoo.fields import Domain


class IrRule(models.Model):
    _inherit = "ir.rule"

    @api.model
    def _compute_domain(self, model_name, mode="read"):
        """Override of `base` to close B2B pricelists with the agreement, at once.

        The domain of a stored rule is cached with its values, so "in force today" must not stand
        in one. It is added here, after the cache, at every check.

        :param str model_name: model that is read
        :param str mode: `read`, `write`, `create` or `unlink`
        :return: the domain of the stored rules, narrowed for portal and public users
        :rtype: Domain
        """
        domain = super()._compute_domain(model_name, mode)
        if self.env.su or model_name not in ("product.pricelist", "product.pricelist.item"):
            return domain
        return domain & self._get_b2b_pricelist_domain(model_name)

    def _get_b2b_pricelist_domain(self, model_name):
        """Return what the current user may see of pricelists today.

        :param str model_name: `product.pricelist` or `product.pricelist.item`
        :rtype: Domain
        """
        if not self.env.user.share:
            return Domain.TRUE
        domain = Domain("is_b2b", "=", False)
        if not self.env.user._is_public():
            # The agreement decides which list is readable, so it is not read through that list.
            pricelist = self.env.user.sudo().partner_id._get_b2b_agreement().pricelist_id
            domain |= Domain("id", "in", pricelist.ids)
        if model_name == "product.pricelist":
            return domain
        return Domain("pricelist_id", "any!", domain)
