"""Labelled test calls: what a dialer hears after an answer, made from installable voices and from arithmetic."""
