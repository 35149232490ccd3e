"""What makes documents from the product: the crash matrix of docs/guarantees.md, the site."""
