"""The pages about customer service by people: the queue and its conversations, questions, rules, figures.

`words.py` what things are called · `thread.py` a conversation as it is shown · `desk.py` who answers ·
`conversations.py` the inbox · `questions.py` what the agent could not answer · `rules.py` the merchant's rules, tried
before they are kept · `figures.py` what became of conversations.
"""
