"""Small and large GGUF files for tests and measurements."""
import struct


def _text(value):
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def gguf_header(tensors, template="x", architecture="llama", causal=True):
    """Everything before the data of `tensors`, [(name, size)]: one row of int8 each. `template` is in it."""
    fields = [("general.architecture", 8, _text(architecture)), ("general.alignment", 4, struct.pack("<I", 32)),
              (f"{architecture}.context_length", 4, struct.pack("<I", 2048)),
              (f"{architecture}.embedding_length", 4, struct.pack("<I", 64)),
              (f"{architecture}.block_count", 4, struct.pack("<I", 2)),
              (f"{architecture}.attention.head_count", 4, struct.pack("<I", 4)),
              ("tokenizer.chat_template", 8, _text(template))]
    if not causal:
        fields.append((f"{architecture}.attention.causal", 7, b"\0"))
    header = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(fields))
    for key, kind, value in fields:
        header += _text(key) + struct.pack("<I", kind) + value
    offset = 0
    for name, size in tensors:
        header += _text(name) + struct.pack("<IQIQ", 1, size, 24, offset)  # 24: I8
        offset += (size + 31) // 32 * 32
    return header + b"\0" * (-len(header) % 32)


def gguf(tensors, **more):
    """A whole file of `tensors`, [(name, bytes)]."""
    header = gguf_header([(name, len(data)) for name, data in tensors], **more)
    return header + b"".join(data + b"\0" * (-len(data) % 32) for _, data in tensors)
