"""The console's pages about language models, each with its file of routes: `installed`, `trying`, `scores`, `spending`.

`installed`: what is here and in use, fetching and removing. `trying`: a prompt on two models side by side, streamed as
`events`. `scores`: how models did on the shop's own catalogue. `spending`: calls, tokens and money, and what budgets
leave. What is decided is in `models.routing`, `jobs.fetching` and `jobs.measuring`; what a model wrote is shown as
plain text only.
"""
