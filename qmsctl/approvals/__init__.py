"""Who must approve what, and whether they did: rules, evidence, signatures, and our own judgement of them."""
