# dataset: digits
"""Images from folders by an ImageDataGenerator; the sizes are constants."""
import os
import tensorflow as tf
from tensorflow.keras.preprocessing.image import ImageDataGenerator
from tensorflow.keras import layers, models
import keras_tuner as kt
from google.colab import drive
drive.mount("/content/drive")

BASE_DIR = "/content/drive/MyDrive/flowers"
IMG_SIZE = (150, 150)
BATCH_SIZE = 32
train_datagen = ImageDataGenerator(rescale=1.0 / 255, rotation_range=20, validation_split=0.2)
train_generator = train_datagen.flow_from_directory(
    os.path.join(BASE_DIR, "train"), target_size=IMG_SIZE, batch_size=BATCH_SIZE, class_mode="categorical", subset="training")
validation_generator = train_datagen.flow_from_directory(
    os.path.join(BASE_DIR, "train"), target_size=IMG_SIZE, batch_size=BATCH_SIZE, class_mode="categorical", subset="validation")
NUM_CLASSES = train_generator.num_classes


def build_model(hp):
    model = models.Sequential()
    model.add(layers.Conv2D(hp.Int("filters", 8, 16, 8), 3, activation="relu", input_shape=IMG_SIZE + (1,)))
    model.add(layers.GlobalAveragePooling2D())
    model.add(layers.Dropout(hp.Float("dropout", 0.1, 0.5, step=0.1)))
    model.add(layers.Dense(NUM_CLASSES, activation="softmax"))
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy", "AUC"])
    return model


tuner = kt.RandomSearch(build_model, objective="val_accuracy", max_trials=5, directory="t", project_name="f")
tuner.search(train_generator, epochs=10, validation_data=validation_generator, steps_per_epoch=train_generator.samples // BATCH_SIZE)
best_model = tuner.get_best_models(num_models=1)[0]
best_model.save("best.h5")
