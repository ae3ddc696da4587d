{
    "name": "B2B Portal: Colleagues",
    "summary": "The customer's own administrator says who may order, approve and see invoices",
    "version": "19.0.2.1.0",
    "category": "Sales/Sales",
    "author": "Order Desk maintainers",
    "license": "LGPL-3",
    "depends": ["b2b_portal"],
    "data": [
        "security/ir.model.access.csv",
        "security/ir_rules.xml",
        "data/mail_template_data.xml",
        "views/b2b_member_views.xml",
        "views/b2b_registration_views.xml",
        "views/registration_templates.xml",
        "views/res_partner_views.xml",
        "views/res_config_settings_views.xml",
        "views/portal_colleague_templates.xml",
        "views/b2b_account_menus.xml",
    ],
    "assets": {
        "web.assets_frontend": ["b2b_account/static/src/scss/b2b_colleagues.scss"],
    },
}
