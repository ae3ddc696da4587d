from . import b2b_credit_release
