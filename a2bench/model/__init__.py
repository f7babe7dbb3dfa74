"""The nouns: cases, elements, systems, videos, metrics, scores, records."""
