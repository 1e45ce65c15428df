"""Biscuits, bread crust, chocolate, and fruit."""
