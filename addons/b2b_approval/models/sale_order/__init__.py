from . import approval, budget, export, request, web
