"""Exits: the exit codes of every command."""

OK = 0
"""It went as it should."""
FAILED = 1
"""The run did not succeed, or problems were found."""
USAGE = 2
"""The command line itself is not right."""
UNUSABLE = 3
"""The configuration, the catalogue or the database cannot be used."""
WAITS = 4
"""The run waits for a person."""
NOTHING = 5
"""What was named is not there, or nothing was found to work on."""
INTERRUPTED = 130
"""Ctrl-C."""
