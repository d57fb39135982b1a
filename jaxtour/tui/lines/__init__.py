"""The one widget for long text: a document's lines, with a cursor, highlights, folds, wrapping and a search."""
