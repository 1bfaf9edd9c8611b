"""What every test relies on."""

import signal

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # a shell starts what it puts in the background so; every command of ours would inherit it, and no test
    # of Ctrl-C could end
    signal.signal(signal.SIGINT, signal.default_int_handler)
