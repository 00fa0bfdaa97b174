"""Cost models: venues, risk parameters, and the ladder problem they compile to."""
