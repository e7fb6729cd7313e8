"""The console's pages about recommendation, each with its file of routes: `lists`, `versions`, `experiments`.

`lists` shows what any shopper gets and why, by one version or two beside each other; `versions` trains, measures and
switches; `experiments` says which of two versions visitors prefer. Rules are set under Search, for all lists alike.
Nothing is decided here: all of it is asked of `shopkeeper.recommend`.
"""
