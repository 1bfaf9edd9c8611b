require case.inc
