"""The shop's records and where they are kept: the ground floor, on which everything else stands."""
