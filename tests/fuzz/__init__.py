"""Fuzzing of every parser that reads what somebody else may have written.

    python -m tests.fuzz NAME --seconds 60    search, guided by coverage (needs atheris)
    python -m tests.fuzz NAME --merge FOLDER  keep of a folder what adds coverage

`targets.py` names the parsers, and the module of each says what must hold of any input. The kept
corpus is in `corpus/`; `test_corpus.py` replays it, and mutations of it, without atheris.
"""
