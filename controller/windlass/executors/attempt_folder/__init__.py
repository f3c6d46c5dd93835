"""The folder that each attempt has beside its executor, whichever kind that is: what is in it, its log, its removal."""
