"""Full disks at every stage of every job: nothing is half-written, and the message says so."""
