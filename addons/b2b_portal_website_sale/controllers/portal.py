from odoo.http import request

from odoo.addons.b2b_portal.controllers import main

# What the frame of the website's pages reads of the website, and of the template of a page.
WEBSITE_FIELDS = (
    *("name", "domain", "company_id", "user_id", "write_date"),
    *("cookies_bar", "cdn_activated", "google_analytics_key", "plausible_shared_key"),
    *("custom_code_head", "custom_code_footer", "has_social_default_image"),
    *("add_to_cart_action", "shop_opt_products_design_classes"),
)
TEMPLATE_FIELDS = (
    *("name", "website_meta_title", "website_meta_description", "website_meta_keywords"),
    "website_meta_og_img",
)


class B2BPortal(main.B2BPortal):
    """The pages below `/my/b2b`, in the frame of a website."""

    def _b2b_render(self, template, values=None, **kwargs):
        """Override of `b2b_agreement` to read what the frame shows by name (decision 85)."""
        request.website.fetch(WEBSITE_FIELDS)
        # sudo: as the website itself, which reads the names and descriptions of all its pages
        request.env["ir.ui.view"]._get_template_view(template).sudo().fetch(TEMPLATE_FIELDS)
        return super()._b2b_render(template, values, **kwargs)
