"""Which of two answers is better: files of outputs and of annotations, judges, win rates and what they are worth.

A preference is p in 0 to 1: 1 where the model is preferred, 0 where the reference is, 0.5 a draw. Files and rows
(`schema.VERDICT`) hold it as AlpacaEval writes it, 1 + p, and null where a judge gave none.
"""
