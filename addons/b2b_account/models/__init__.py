from . import b2b_member, base_partner_merge_automatic_wizard, res_partner, sale_order
