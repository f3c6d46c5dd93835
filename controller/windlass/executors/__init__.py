"""Where attempts run: one Protocol (`base`), one file or folder per kind, a registry (`registry`)."""
