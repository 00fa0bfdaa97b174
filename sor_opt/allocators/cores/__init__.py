"""What the fast allocator computes with, compiled: plain arrays in, plain arrays out."""
