"""KPI values from data sources: definitions, computing, and the judgement of what the values say."""
