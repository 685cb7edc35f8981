"""From files to documents: archives, tables, books, pages, each record a document or a drop."""
