{
    "name": "B2B Portal - eCommerce",
    "summary": "The public shop never shows B2B prices; B2B customers see theirs",
    "version": "19.0.2.1.0",
    "category": "Website/Website",
    "author": "Order Desk maintainers",
    "license": "LGPL-3",
    "depends": ["b2b_portal", "website_sale"],
    "data": [
        "views/product_pricelist_views.xml",
        "views/res_config_settings_views.xml",
        "views/website_templates.xml",
    ],
    "assets": {
        "web.assets_frontend": ["b2b_portal_website_sale/static/src/scss/b2b_shop.scss"],
    },
    "auto_install": True,
}
