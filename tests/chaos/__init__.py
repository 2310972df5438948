"""The fault run: real processes, a storm of faults from a seed, and the simulator's books against the inbox."""
