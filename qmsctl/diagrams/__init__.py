"""Charts drawn at build time as SVG: they print, need no JavaScript and carry a text alternative."""
