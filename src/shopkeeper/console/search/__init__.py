"""The console's pages about search, each with its file of routes: `tester`, `queries`, `synonyms`, `rules`, `versions`.

`comparing` sets two answers beside each other; `asked` is the read model of what shoppers searched for; `rule_form`
turns a form into a rule and back, `rule_words` says a rule in plain words, `conflicts` which rules work against each
other; `tagging` adds a shopper's word to a product. All of them ask `search.ProductSearch`; nothing is decided here.
"""
