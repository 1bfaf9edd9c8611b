"""The devtool subcommands: argparse in, text out."""
