"""States, values and rules of dialling: pure, standard library only."""
