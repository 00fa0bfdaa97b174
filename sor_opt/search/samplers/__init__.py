"""Samplers: what proposes the next parameter point of a study."""
