from . import base_automation, ir_actions_server, order_status_rule_run, sale_order
