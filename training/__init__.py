"""Training: data in, model directories out. Imports unbait's own segments and features."""
