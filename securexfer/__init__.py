"""securexfer: hand data over without handing people over."""
