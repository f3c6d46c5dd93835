"""The flags of `windlass secrets`, whose six verbs have one parser.

In: that parser. Out: the same, with flags. Words that may be values of secrets are taken, for the verb to refuse:
argparse would repeat them, and what it prints ends up in logs.
"""

from __future__ import annotations

import argparse


def secrets_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what",
        choices=("check", "encrypt", "set", "list", "rm", "rotate"),
        help="check: whether each secret of windlass.yaml can be had; encrypt: make a SOPS file of a plain one; set, "
        "list, rm: the own store of the server, or of this machine; rotate: replace the key of that store",
    )
    parser.add_argument(
        "name",
        nargs="?",
        metavar="NAME",
        help="set, rm: the name; encrypt: the plain file, - for standard input; check: a folder of the repository "
        "(default: this one), with --server the repository",
    )
    _take_values(parser)
    whose = parser.add_mutually_exclusive_group()
    whose.add_argument("--repository", metavar="NAME", help="set, rm: of this repository (default: the one you are in)")
    whose.add_argument("--tenant", metavar="NAME", help="set, rm: of all repositories of a tenant")
    whose.add_argument("--user", action="store_true", help="set, rm: yours alone: ref+windlass://user/NAME")
    parser.add_argument("--environment", metavar="NAME", default="", help="set, rm: for runs in this environment only")
    parser.add_argument(
        "--file",
        metavar="FILE",
        help="set: a file that holds the value (default: standard input, or a hidden question)",
    )
    parser.add_argument(
        "--age", metavar="RECIPIENTS", help="encrypt: for these keys, with commas (default: the rules of .sops.yaml)"
    )
    parser.add_argument(
        "--proposed",
        action="store_true",
        help="check: what this checkout names, merged or not, against what the server gives repository NAME (default: "
        "the folder's name)",
    )
    parser.add_argument("--in-place", action="store_true", help="encrypt: replace the plain file (default: print it)")
    parser.add_argument(
        "--as", dest="named", metavar="PATH", help="encrypt: the path that the rules and the format go by"
    )


def _take_values(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("more", nargs="*", help=argparse.SUPPRESS)
    parser.add_argument("--value", nargs="?", const="", help=argparse.SUPPRESS)
