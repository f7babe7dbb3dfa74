"""Numbers from votes and ratings that hold: which function answers which question is in `human_eval/README.md`."""
