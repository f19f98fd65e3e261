"""TensorBoard's event files, written and read without TensorBoard or TensorFlow.

The site writes them and runners read them. The package `tensorboard` would import TensorFlow where
that is installed, which the site must not; TensorFlow would cost runners seconds.
"""
