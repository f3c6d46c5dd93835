"""Which of several controllers leads: a lease that is renewed, and what happens when it is not."""
