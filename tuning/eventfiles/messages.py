"""The protocol buffers in event files: TensorBoard's own messages, as far as they are used here.

A message of TensorBoard has more fields; protobuf skips those that it does not know. The messages
live in a pool of their own, so that they do not meet TensorFlow's of the same names.
"""

from typing import Any

from google.protobuf import struct_pb2
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

# type, name, number; as in event.proto, summary.proto, tensor.proto and the HPARAMS plugin's files.
_MESSAGES = {
    "Event": ["double wall_time 1", "int64 step 2", "string file_version 3", "Summary summary 5"],
    "Summary": ["repeated Value value 1"],
    "Value": [
        "string tag 1", "optional float simple_value 2", "Tensor tensor 8", "Metadata metadata 9",
    ],
    "Metadata": ["PluginData plugin_data 1", "int32 data_class 4"],
    "PluginData": ["string plugin_name 1", "bytes content 2"],
    "Tensor": [
        "int32 dtype 1", "Shape tensor_shape 2", "bytes tensor_content 4",
        "repeated float float_val 5", "repeated double double_val 6", "repeated int32 int_val 7",
        "repeated int64 int64_val 10",
    ],
    "Shape": ["repeated Dim dim 2"],
    "Dim": ["int64 size 1"],
    "HParamsPluginData": [
        "int32 version 1", "Experiment experiment 2", "SessionStart session_start_info 3",
        "SessionEnd session_end_info 4",
    ],
    "Experiment": [
        "string description 1", "double time_created_secs 3", "repeated HParamInfo hparam_infos 4",
        "repeated MetricInfo metric_infos 5", "string name 6",
    ],
    "HParamInfo": [
        "string name 1", "string display_name 2", "int32 type 4",
        ".google.protobuf.ListValue domain_discrete 5", "Interval domain_interval 6",
    ],
    "Interval": ["double min_value 1", "double max_value 2"],
    "MetricInfo": ["MetricName name 1", "string display_name 3"],
    "MetricName": ["string group 1", "string tag 2"],
    # A map on the wire is a list of pairs.
    "SessionStart": [
        "repeated HParam hparams 1", "string group_name 4", "double start_time_secs 5",
    ],
    "HParam": ["string key 1", ".google.protobuf.Value value 2"],
    "SessionEnd": ["int32 status 1", "double end_time_secs 2"],
}  # fmt: skip
_PACKAGE = "tuneroom.eventfiles"
_TYPES = {
    name: getattr(FieldDescriptorProto, f"TYPE_{name.upper()}")
    for name in ("double", "float", "int64", "int32", "string", "bytes")
}


def _field(message: DescriptorProto, text: str) -> None:
    *labels, kind, name, number = text.split()
    label = FieldDescriptorProto.LABEL_OPTIONAL
    if labels == ["repeated"]:
        label = FieldDescriptorProto.LABEL_REPEATED
    field = message.field.add(name=name, number=int(number), label=label)
    if kind in _TYPES:
        field.type = _TYPES[kind]
    else:
        field.type = FieldDescriptorProto.TYPE_MESSAGE
        field.type_name = kind if kind.startswith(".") else f".{_PACKAGE}.{kind}"
    if labels == ["optional"]:
        # Whether it was given can be asked, even where it is 0.
        field.proto3_optional = True
        field.oneof_index = len(message.oneof_decl)
        message.oneof_decl.add(name=f"_{name}")


def _classes() -> dict[str, Any]:
    pool = DescriptorPool()
    pool.AddSerializedFile(struct_pb2.DESCRIPTOR.serialized_pb)
    file = FileDescriptorProto(
        name="tuneroom/eventfiles.proto", package=_PACKAGE, syntax="proto3",
        dependency=[struct_pb2.DESCRIPTOR.name],
    )  # fmt: skip
    for name, texts in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for text in texts:
            _field(message, text)
    pool.Add(file)
    return {
        name: GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))
        for name in _MESSAGES
    }


_made = _classes()
Event: Any = _made["Event"]
Experiment: Any = _made["Experiment"]
HParamsPluginData: Any = _made["HParamsPluginData"]
SessionEnd: Any = _made["SessionEnd"]
SessionStart: Any = _made["SessionStart"]
Tensor: Any = _made["Tensor"]

# Of hyperparameters, sessions and tensors.
STRING, BOOL, FLOAT64 = 1, 2, 3
UNKNOWN, SUCCESS, FAILURE, RUNNING = 0, 1, 2, 3
DT_FLOAT, DT_DOUBLE, DT_INT32, DT_INT64 = 1, 2, 3, 9

HPARAMS, SCALARS = "hparams", "scalars"
SCALAR = 1
EXPERIMENT_TAG = "_hparams_/experiment"
SESSION_START_TAG = "_hparams_/session_start_info"
SESSION_END_TAG = "_hparams_/session_end_info"
