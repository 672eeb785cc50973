"""Pictures drawn at build time."""
