"""The command line: arguments in, results on stdout, messages on stderr. No work is done here."""
