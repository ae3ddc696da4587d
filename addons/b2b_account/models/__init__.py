from . import b2b_member, res_partner, sale_order
