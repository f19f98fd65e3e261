"""What `tune` writes for --output: the model's file and, beside it, code that the file needs."""

import re
import shutil
from pathlib import Path

from tuning.models import SavedModel


def write_model(saved: SavedModel, output: Path) -> list[str]:
    """Write the files. Returns a sentence about each."""
    # Whole or not at all.
    temporary = output.with_name(f".{output.name}.part")
    shutil.copyfile(saved.stored.fetch(), temporary)
    temporary.replace(output)
    said = [f"Saved {output} ({saved.size:,} bytes, SHA-256 {saved.sha256})"]
    if saved.layers_code:
        layers = layers_file(output)
        layers.write_text(saved.layers_code)
        said.append(f"Saved {layers}. Write “import {layers.stem}” before you load the model.")
    return said


def layers_file(output: Path) -> Path:
    """Beside the model's file, under a name that can be imported."""
    name = re.sub(r"\W", "_", output.stem)
    return output.with_name(f"{'_' if name[0].isdigit() else ''}{name}_layers.py")
