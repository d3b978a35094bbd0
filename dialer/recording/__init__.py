"""From the switch's two mono files of a call to one recording that can be reviewed."""
