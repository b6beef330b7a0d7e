"""Train and fine-tune speaker encoders."""
