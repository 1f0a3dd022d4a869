"""Around the predictor: windows over long recordings, output formats and the console command."""
