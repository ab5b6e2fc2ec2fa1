"""Local stand-ins for the providers: for the demo and the tests, never imported by the service.

Each speaks the real paths, headers, signatures, errors and limits of its provider, has switches for
its faults, and writes into a ledger what a customer would have seen.
"""
