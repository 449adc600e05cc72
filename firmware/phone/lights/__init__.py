"""Lights: message waiting, mute, privacy, ringing."""
