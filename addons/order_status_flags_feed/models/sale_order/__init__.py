from . import erp_export, order, registration
