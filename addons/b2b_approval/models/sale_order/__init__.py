from . import approval, budget, export, quotation, request, web
