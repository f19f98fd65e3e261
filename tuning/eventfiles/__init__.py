"""TensorBoard's event files, written and read without TensorBoard or TensorFlow.

The site writes them and runners read them. The package `tensorboard` would import TensorFlow where
that is installed, which the site must not; TensorFlow would cost runners seconds.

`tuning/eventfiles` reads and writes event files with `protobuf` and `google-crc32c` alone: the
package `tensorboard` imports TensorFlow where that is installed. Its messages are a part of
TensorBoard's, in a pool of their own. A scalar is a float of four bytes, which is all that
TensorBoard's reader takes, with the exact number beside it, which that reader passes over.
"""
