"""The pages of orders: the queue, each order, what-if, and what a person does with one."""
