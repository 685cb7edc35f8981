"""From files to documents: archives, tables, books, pages, each record a document or a drop.

A module here that has a `FORMAT` is an input format, known by the name of its file (`formats`); the others are what formats
share.
"""
