"""Small parts side by side: tablets, capsules, grains, and blister packs."""
