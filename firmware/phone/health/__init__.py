"""How the board fares: supply voltage and temperature."""
