"""The form of a new dataset, and how its file reaches the disk."""

import shutil
from pathlib import PurePath
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadhandler import StopUpload, TemporaryFileUploadHandler

from tuning.analysis.quotas import file_refusal
from tuning.models import Dataset, Team
from tuning.protocol.names import one_line
from tuning.protocol.tasks import Task, explained_choices
from tuning.protocol.uploads import (
    ACCEPTED,
    ARRAYS,
    AS_THEY_ARE,
    COLOUR,
    COMPRESSED,
    ENDINGS,
    GREY,
    IMAGES,
    JSON_LINES,
    LARGEST_SIDE,
    PARQUET,
    SMALLEST_SIDE,
    SPREADSHEET,
    TABLES,
    TEXT_TABLE,
    kind_of,
)

from .texts import TextArea

# How each zip archive begins, and so each .npz.
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_BEGINNINGS = {ARRAYS: _ZIP, IMAGES: _ZIP, PARQUET: (b"PAR1",), SPREADSHEET: _ZIP}
# How a compressed file begins, by its ending.
_COMPRESSED = {".gz": b"\x1f\x8b", ".bz2": b"BZh", ".xz": b"\xfd7zX"}
_WRITTEN_BY = {
    ARRAYS: "Create .npz files with numpy.savez.",
    IMAGES: "Create a .zip archive.",
    PARQUET: "Create Parquet files with pandas.DataFrame.to_parquet.",
    TEXT_TABLE: "Upload a text table, such as CSV exported from a spreadsheet.",
    SPREADSHEET: "Save it as .xlsx without a password.",
    JSON_LINES: "Write one JSON object per line.",
}
# The next step with files that cannot be read, by their endings.
OTHER_FILES = {
    **dict.fromkeys((".xls", ".ods", ".xlsb", ".numbers"), "Save the spreadsheet as .xlsx."),
    ".npy": "Select x.npy and y.npy together, or put them into one .zip.",
    **dict.fromkeys(
        (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp"),
        "Put the images into one .zip, in one folder per class.",
    ),
    ".json": "Save it as JSON lines (.jsonl), one object per row.",
    **dict.fromkeys((".mp4", ".avi", ".mov", ".mkv", ".webm"), "Video is not supported."),
    **dict.fromkeys((".wav", ".mp3", ".flac", ".ogg", ".m4a"), "Audio is not supported."),
    **dict.fromkeys((".nii", ".dcm", ".mha"), "3-D volumes are not supported."),
    **dict.fromkeys((".tar", ".tgz", ".7z", ".rar"), "Pack the files as .zip."),
}
# Pictures, documents, archives, spreadsheets and programs under a name of text.
_NO_TEXT = (
    *_ZIP, b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"%PDF", b"\x1f\x8b", b"PAR1", b"\xd0\xcf\x11\xe0",
    b"\x7fELF", b"BZh", b"\xfd7zX", b"7z\xbc\xaf", b"SQLi", b"\x93NUM", b"\x89HDF",
)  # fmt: skip
# What the other fields and the multipart format add to a file.
_AROUND = 64 * 1024


def largest_upload() -> int:
    """In bytes."""
    return int(settings.UPLOAD_MAX_MB) * 1024 * 1024


def is_too_large(content_length: str) -> bool:
    """Whether a request is refused before any of it is read."""
    return content_length.isdigit() and int(content_length) > largest_upload() + _AROUND


def has_no_room(content_length: str) -> bool:
    """Whether the disk would be left with less than must stay free for the database."""
    size = int(content_length) if content_length.isdigit() else 0
    floor = int(settings.DISK_FLOOR_MB) * 1024 * 1024
    return shutil.disk_usage(settings.UPLOADS_ROOT).free - size < floor


def no_room_text() -> str:
    return "The server's disk is full. Contact your administrator."


def too_large_text() -> str:
    return f"The file exceeds the limit of {settings.UPLOAD_MAX_MB:,} MB."


def unsupported_text(name: str) -> str:
    return f"Unsupported file type: “{name}”. {_advice(name)}"


EMPTY_TEXT = "The file is empty."


class LimitedUploadHandler(TemporaryFileUploadHandler):
    """Streams files to the uploads folder and stops once all of them together are too large."""

    too_large = False
    _received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._received += len(raw_data)
        if self._received > largest_upload():
            self.too_large = True
            raise StopUpload(connection_reset=True)
        super().receive_data_chunk(raw_data, start)


def image_size_field(help_text: str) -> forms.IntegerField:
    return forms.IntegerField(
        required=False,
        min_value=SMALLEST_SIDE,
        max_value=LARGEST_SIDE,
        label="Image size (pixels)",
        help_text=help_text,
    )


def task_field() -> forms.ChoiceField:
    return forms.ChoiceField(
        required=False, label="Task", choices=[("", "Auto-detect"), *explained_choices()]
    )


def colours_field() -> forms.ChoiceField:
    return forms.ChoiceField(
        required=False,
        label="Colours",
        choices=[(AS_THEY_ARE, "Keep colours"), (GREY, "Greyscale"), (COLOUR, "RGB")],
    )


class UploadForm(forms.ModelForm):
    """The team is asked for only where there is a choice; `team` is the one to use otherwise."""

    file = forms.FileField(
        max_length=150,
        help_text="A table (.csv, .tsv, .txt, .data, .xlsx, .jsonl or .parquet; text also as .gz, "
        ".bz2 or .xz), images or their folder, a .zip of images, tables or arrays, or an .npz.",
        error_messages={"required": "Select a file.", "empty": EMPTY_TEXT},
        widget=forms.FileInput({"accept": ",".join(ACCEPTED)}),
    )
    side = image_size_field(
        "Leave blank to keep the size. Images of different sizes are scaled to the smallest one, "
        "at most 64 pixels."
    )
    colours = colours_field()
    task = task_field()
    target = forms.CharField(
        required=False,
        max_length=1000,
        label="Target column",
        help_text="Separate several by commas. Leave blank to review the columns first. If you "
        "enter a name, the table is prepared with detected types.",
    )

    class Meta:
        model = Dataset
        fields = ["name", "description", "team"]
        widgets = {"description": TextArea({"rows": 2})}
        error_messages = {"name": {"required": "Enter a name for the dataset."}}
        help_texts = {"name": "The name of an existing dataset adds a version to it."}

    def __init__(self, *args: Any, user: Any, team: Team, no_file: str = "", **kw: Any):
        """`no_file`: why there is no file, if a person did send one."""
        super().__init__(*args, **kw)
        self._team = team
        if no_file:
            self.fields["file"].error_messages["required"] = no_file
        teams = Team.objects.editable_by(user)
        if teams.count() > 1:
            self.fields["team"].queryset = teams
            self.fields["team"].empty_label = None
            self.fields["team"].required = True
            self.fields["team"].initial = team.pk
        else:
            del self.fields["team"]

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        kind = kind_of(file.name)
        if not kind:
            raise forms.ValidationError(unsupported_text(file.name))
        file.seek(0)
        if not _begins_well(file.read(4), kind, file.name.lower()):
            raise forms.ValidationError(
                f"The content of “{file.name}” does not match its extension. {_WRITTEN_BY[kind]}"
            )
        return file

    def clean_target(self) -> str:
        # As the worker cleans the names of columns.
        return one_line(self.cleaned_data["target"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "team" not in self.fields:
            self.instance.team = self._team
        team, file = cleaned.get("team") or self._team, cleaned.get("file")
        if file and (refusal := file_refusal(team, file.size)):
            self.refuse(refusal)
        return cleaned

    def refuse(self, refusal: str) -> None:
        """The team has no room. Not the file's fault: what has arrived is kept until it has."""
        self.add_error("team" if "team" in self.fields else None, refusal)

    def upload(self) -> dict[str, Any]:
        """What the row keeps of the file: its kind and name, and how it is to be read."""
        name = one_line(self.cleaned_data["file"].name)
        facts = {"kind": kind_of(name), "name": name}
        without_target = self.cleaned_data["task"] == Task.RECONSTRUCTION
        target = {"target": "" if without_target else self.cleaned_data["target"]}
        if without_target or (self.cleaned_data["task"] and facts["kind"] != IMAGES):
            facts["task"] = self.cleaned_data["task"]
        if facts["kind"] in TABLES:
            return {**facts, **target}
        # A zip may hold tables, which only a worker sees.
        return {
            **facts,
            **(target if target["target"] else {}),
            "side": self.cleaned_data["side"] or 0,
            "colours": self.cleaned_data["colours"],
        }


def _advice(name: str) -> str:
    """What to do with a file of a kind that cannot be read."""
    suffix = PurePath(name.lower()).suffix
    if suffix in OTHER_FILES:
        return OTHER_FILES[suffix]
    return f"Upload one of {', '.join(ENDINGS)}."


def _begins_well(head: bytes, kind: str, name: str) -> bool:
    """Whether a file may be what its name says, by its first four bytes. The rest is a worker's."""
    if name.endswith(COMPRESSED):
        return head.startswith(_COMPRESSED["." + name.rpartition(".")[2]])
    if kind in _BEGINNINGS:
        return head in _BEGINNINGS[kind]
    # Zeros belong to letters of two or four bytes: a mark says so, or every other byte is one.
    marked = head.startswith((b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff"))
    return marked or (not head.startswith(_NO_TEXT) and head.count(0) not in (1, 4))
