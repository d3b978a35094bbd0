"""What a change of settings would do: the last hours fitted to the simulator and run, in a process of its own."""
