"""The generated part of the documentation: written from the code at each build, never committed."""
