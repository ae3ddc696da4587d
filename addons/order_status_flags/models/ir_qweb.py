from lxml import etree

from odoo import models

from ..context_keys import CompiledBodies


class IrQweb(models.AbstractModel):
    _inherit = "ir.qweb"

    def _generate_code_uncached(self, template):
        """Override of `base` to compile the body of a batch of e-mails once.

        `mail` hands over the same source for each record, and compiling takes longer than
        rendering. Whatever the code depends on is part of the key.
        """
        compiled = self.env.context.get("order_status_compiled")
        if not isinstance(compiled, CompiledBodies) or not isinstance(template, etree._Element):
            return super()._generate_code_uncached(template)
        names = (*self._get_template_cache_keys(), "raise_on_forbidden_code_for_model")
        key = etree.tostring(template), *(self.env.context.get(name) for name in names)
        if key not in compiled:
            compiled[key] = super()._generate_code_uncached(template)
        return compiled[key]
