"""Networks of Keras: search, retraining, descriptions."""
