from . import approval, checkout, cost_center, link, portal
