"""Texts as judges end them, and the score on a scale of 1 to 5 that a person reads in each: None where there is none.

Made up for benchmarks/judge.py by the authors of one of the parsers that it measures, who labelled them too; some are forms
that their own parser does not read. A value outside of the scale, a value on another scale, and a range are no score. Of
several scores the one that the judge arrives at counts.
"""

GOOD = "The answer is complete, well organised and addresses what the user asked. "
POOR = "The answer reads like a forum post and leaves out half of what was asked. "

ENDINGS: tuple[tuple[str, float | None], ...] = (
    # As it was asked for
    (GOOD + "\n\nScore: 5", 5),
    (POOR + "\n\nScore: 2", 2),
    (GOOD + "Only minor improvements are possible.\nScore: 4", 4),
    (GOOD + "\n\nScore: 5\n", 5),
    (POOR + "\n\nScore:  1  ", 1),
    ("Score: 3", 3),
    (GOOD + "\n\nscore: 4", 4),
    (POOR + "\n\nSCORE: 2", 2),
    (GOOD + "\n\nScore:4", 4),
    (GOOD + "\n\nScore : 4", 4),
    (GOOD + "\r\n\r\nScore: 4\r\n", 4),
    # A full stop, words after it
    (GOOD + "\n\nScore: 5.", 5),
    (POOR + "\n\nScore: 2, because the instructions are ignored.", 2),
    (GOOD + "\n\nScore: 4\n\nLet me know if you need a more detailed evaluation!", 4),
    (POOR + "\n\nScore: 3 (helpful, but not written by an AI assistant)", 3),
    (GOOD + "\n\nScore: 4 - well organised, with minor room for improvement.", 4),
    (GOOD + "\n\nScore: 5 ⭐⭐⭐⭐⭐", 5),
    # Markdown
    (GOOD + "\n\n**Score: 4**", 4),
    (GOOD + "\n\n**Score:** 4", 4),
    (GOOD + "\n\n**Score**: 4", 4),
    (POOR + "\n\n## Score: 2", 2),
    (POOR + "\n\n### Score\n\n2", 2),
    (GOOD + "\n\n*Score:* **5**", 5),
    (GOOD + "\n\n`Score: 4`", 4),
    (GOOD + "\n\n> Score: 4", 4),
    (GOOD + "\n\n- Clarity: good\n- Completeness: good\n- **Final Score: 5**", 5),
    (POOR + "\n\n| Criterion | Value |\n|---|---|\n| Score | 2 |", 2),
    (GOOD + "\n\n\\boxed{4}", 4),
    # The scale beside it
    (GOOD + "\n\nScore: 4/5", 4),
    (GOOD + "\n\nScore: 4 / 5", 4),
    (GOOD + "\n\n**Score: 5/5**", 5),
    (POOR + "\n\nScore: 2 out of 5", 2),
    (POOR + "\n\nScore: 2 out of 5.", 2),
    (GOOD + "\n\nOverall I rate it 4/5.", 4),
    (POOR + "\n\nScore: 4/10", None),
    (GOOD + "\n\nScore: 8 out of 10", None),
    # Decimals
    (GOOD + "\n\nScore: 4.5", 4.5),
    (POOR + "\n\nScore: 2.5/5", 2.5),
    (POOR + "\n\n**Score:** 3.0", 3),
    (GOOD + "\n\nScore: 4,5", 4.5),
    # Other punctuation and placeholders
    (GOOD + "\n\nScore: <4>", 4),
    (GOOD + "\n\nScore: [5]", 5),
    (POOR + "\n\nScore: (2)", 2),
    (GOOD + "\n\nScore = 4", 4),
    (GOOD + '\n\n{"reason": "complete and clear", "Score": 4}', 4),
    (POOR + '\n\nScore: "3"', 3),
    (POOR + "\n\nScore - 3", 3),
    (GOOD + "\n\nScore: four", 4),
    (GOOD + "\n\nScore: 4 points", 4),
    # In a sentence
    (GOOD + "The score is 4.", 4),
    (GOOD + "Therefore, the final score is: 5", 5),
    (POOR + "I would give this answer a score of 2.", 2),
    (POOR + "So I assign it a 3.", 3),
    (GOOD + "\n\nRating: 4", 4),
    # Several scores
    ("It could be Score: 5, but the opening repeats the question, and a link is dead.\n\nScore: 2", 2),
    ("A perfect answer would be Score: 5. This one has minor room for improvement.\n\nScore: 4", 4),
    ("Relevance score: 5\nClarity score: 3\nOverall score: 4", 4),
    ("Score: 3\n\nOn second thought the answer is complete, and written as an assistant would.\n\nScore: 4", 4),
    ("The user scored 5 of 6 tests, and the answer explains which one failed. \n\nScore: 4", 4),
    ("The answer says that 'Score: 1' is what the game shows at its start, which is right.\n\nScore: 5", 5),
    ("Step 3 is missing, and 2 of the 10 links are dead. \n\nScore: 3", 3),
    # Beside the scale, and ranges
    (GOOD + "\n\nScore: 10", None),
    (GOOD + "\n\nScore: 91", None),
    (POOR + "\n\nScore: 0", None),
    (POOR + "\n\nScore: -1", None),
    (GOOD + "\n\nScore: 4-5", None),
    (GOOD + "\n\nScore: between 3 and 4", None),
    (GOOD + "\n\nScore: 85%", None),
    # No score, or cut off before it
    (GOOD + "It would suit most users.", None),
    (GOOD + "\n\nScore:", None),
    (GOOD + "\n\nScore: N/A", None),
    (POOR + "It leaves out the 3 steps that the user asked for, the second of which", None),
    ("I cannot rate this answer without knowing more about the user.", None),
    ("1: It means the answer is incomplete.\n2: It means the answer addresses most of the asks.\n3: It means", None),
    ("Please give the answer a score from 1 to 5, and end with a line such as Score: 1-5.", None),
    ("", None),
    # Reasoning blocks and control tokens
    ("<think>Maybe Score: 3? The tone is right, though.</think>\n\n" + GOOD + "\n\nScore: 4", 4),
    ("<think>First I check whether it is complete. A first guess is Score: 3, but then again", None),
    (GOOD + "\n\nScore: 4<|im_end|>", 4),
    (GOOD + "\n\nScore: 5</s>", 5),
    # Other languages
    ("Die Antwort ist vollständig und gut gegliedert.\n\nScore: 4", 4),
    ("La réponse est complète et bien rédigée.\n\nScore : 4/5", 4),
    ("回答完整，条理清楚。\n\nScore：5", 5),
    ("回答は質問に直接答えていません。\n\nスコア：2", 2),
    ("La respuesta es vaga y no sigue las instrucciones.\n\nPuntuación: 2", 2),
    ("Ответ неполный, часть вопроса осталась без ответа.\n\nОценка: 2", 2),
    ("Die Antwort lässt die Hälfte der Fragen offen.\n\nBewertung: 2 von 5", 2),
    ("回答很好，但缺少一个例子。\n\n评分：4", 4),
)
