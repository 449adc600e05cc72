"""Configurations from afar: made, served, pulled, and attacked."""
