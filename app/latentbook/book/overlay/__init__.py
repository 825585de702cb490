"""Merge a course with its book: the course's text and instruments first, then the book's."""
