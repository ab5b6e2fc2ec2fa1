"""Who writes: customers under several identities, their records, and taking them together and apart."""
