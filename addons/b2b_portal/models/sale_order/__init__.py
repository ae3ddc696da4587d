from . import cart, checkout, creation, export, fields, guards, mail, prices, statement, template
