"""Words, filters and facets over any set of records; meanings and fusion join here."""
