"""Personal data: what is kept how long, one retailer's handed out or erased, and what is old removed."""
