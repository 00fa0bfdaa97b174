"""Results for people and programs: documents, tables, pictures, files."""
