"""What is installed and works: `spkret doctor`."""
