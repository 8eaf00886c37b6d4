"""Which images run, and what is known of what is inside of them."""
