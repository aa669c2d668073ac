"""Small and large GGUF files for tests and measurements."""
import struct


def _text(value):
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def gguf_header(tensors, template="x", architecture="llama", causal=True):
    """Everything before the data of `tensors`, [(name, size)], each one row of int8; `template` is the chat
    template."""
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


KINDS = {"f32": (0, 1, 4), "q4_0": (2, 32, 18), "q8_0": (8, 32, 34), "q4_k": (12, 256, 144)}  # number, numbers in a block, bytes of a block


def _field(value):
    """Type and bytes of a key's value; lists are of texts, of int32 or of float32."""
    if isinstance(value, bool):
        return 7, struct.pack("<?", value)
    if isinstance(value, int):
        return 4, struct.pack("<I", value)
    if isinstance(value, float):
        return 6, struct.pack("<f", value)
    if isinstance(value, str):
        return 8, _text(value)
    kind, code = {str: (8, None), int: (5, "i"), float: (6, "f")}[type(value[0])]
    items = b"".join(map(_text, value)) if code is None else struct.pack(f"<{len(value)}{code}", *value)
    return 9, struct.pack("<IQ", kind, len(value)) + items


def write_gguf(path, fields, tensors):
    """`tensors`: {name: (shape, kind, bytes or None)}; a tensor without bytes is a hole in the file. In place of bytes there
    may be a function that writes a number of them into a file."""
    header = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(fields))
    for key, value in fields.items():
        kind, data = _field(value)
        header += _text(key) + struct.pack("<I", kind) + data
    offset, places = 0, []
    for name, (shape, kind, data) in tensors.items():
        number, block, size = KINDS[kind]
        header += _text(name) + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *shape)
        header += struct.pack("<IQ", number, offset)
        count = 1
        for side in shape:
            count *= side
        places.append((offset, data, count // block * size))
        offset += (count // block * size + 31) // 32 * 32
    header += b"\0" * (-len(header) % 32)
    with open(path, "wb") as file:
        file.write(header)
        for place, data, size in places:
            if data is None:
                continue
            file.seek(len(header) + place)
            if callable(data):
                data(file, size)
            else:
                file.write(data)
        file.truncate(len(header) + offset)


def _read_header(data):
    """The raw key-value pairs of a GGUF file, its tensors as (name, shape and kind as they are, offset), and where the data
    begins."""
    sizes = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
    at = 24

    def number(code):
        nonlocal at
        value, = struct.unpack_from("<" + code, data, at)
        at += struct.calcsize(code)
        return value

    def skip(size):
        nonlocal at
        at += size

    def skip_value(kind):
        if kind == 8:
            skip(number("Q"))
        elif kind == 9:
            inner, count = number("I"), number("Q")
            if inner == 8:
                for _ in range(count):
                    skip(number("Q"))
            else:
                skip(sizes[inner] * count)
        else:
            skip(sizes[kind])

    _, _, tensor_count, pair_count = struct.unpack_from("<4sIQQ", data)
    pairs, tensors = [], []
    for _ in range(pair_count):
        begin = at
        skip(number("Q"))
        skip_value(number("I"))
        pairs.append(data[begin:at])
    for _ in range(tensor_count):
        begin = at
        skip(number("Q"))
        skip(8 * number("I") + 4)
        described = data[begin:at]
        tensors.append((described, number("Q")))
    return pairs, tensors, at + -at % 32


def split_gguf(data, count):
    """The pieces that llama-gguf-split makes of a GGUF file: only the first says more than which piece it is."""
    pairs, tensors, start = _read_header(data)
    ends = [offset for _, offset in tensors[1:]] + [len(data) - start]
    share = -(-len(tensors) // count)
    pieces = []
    for piece in range(count):
        own = list(zip(tensors, ends))[piece * share:(piece + 1) * share]
        fields = pairs if piece == 0 else []
        fields = fields + [_text("split.no") + struct.pack("<IH", 2, piece), _text("split.count") + struct.pack("<IH", 2, count),
                           _text("split.tensors.count") + struct.pack("<Ii", 5, len(tensors))]
        header = b"GGUF" + struct.pack("<IQQ", 3, len(own), len(fields)) + b"".join(fields)
        body = b""
        for (described, offset), end in own:
            header += described + struct.pack("<Q", len(body))
            body += data[start + offset:start + end]
            body += b"\0" * (-len(body) % 32)
        pieces.append(header + b"\0" * (-len(header) % 32) + body)
    return pieces


def write_shape(path, architecture="llama", blocks=2, width=256, feed=512, heads=4, kv_heads=4, head=64, vocabulary=64,
                trained=131072, window=0, experts=0, kind="q4_k", tied=False, weights=None, template=None, **more):
    """A model of this shape, without its weights unless `weights` writes those of one kind (write_gguf). `tied`: its
    output is its vocabulary's table. `more`: what its tokenizer has besides, or instead."""
    a = architecture
    fields = {"general.architecture": a, "general.name": "shape", f"{a}.context_length": trained,
              f"{a}.embedding_length": width, f"{a}.block_count": blocks, f"{a}.feed_forward_length": feed,
              f"{a}.attention.head_count": heads, f"{a}.attention.head_count_kv": kv_heads,
              f"{a}.attention.layer_norm_rms_epsilon": 1e-6, f"{a}.attention.key_length": head,
              f"{a}.attention.value_length": head, "tokenizer.ggml.model": "llama",
              "tokenizer.ggml.tokens": [f"t{i}" for i in range(vocabulary)],
              "tokenizer.ggml.scores": [0.0] * vocabulary, "tokenizer.ggml.token_type": [3] * 3 + [1] * (vocabulary - 3),
              "tokenizer.ggml.bos_token_id": 1, "tokenizer.ggml.eos_token_id": 2}
    if template:
        fields["tokenizer.chat_template"] = template
    if window:
        fields[f"{a}.attention.sliding_window"] = window
    fields |= {f"tokenizer.ggml.{name}": value for name, value in more.items()}
    if experts:
        fields |= {f"{a}.expert_count": experts, f"{a}.expert_used_count": 8, f"{a}.expert_feed_forward_length": feed}
    tensors = {}

    def tensor(name, *shape):
        kind_of_it = kind if len(shape) > 1 else "f32"
        tensors[f"{name}.weight"] = (shape, kind_of_it, weights and weights(kind_of_it))

    def block(name, *shape):
        tensor(f"blk.{i}.{name}", *shape)

    tensor("token_embd", width, vocabulary), tensor("output_norm", width)
    if not tied:
        tensor("output", width, vocabulary)

    for i in range(blocks):
        block("attn_norm", width), block("ffn_norm", width)
        block("attn_q", width, heads * head), block("attn_k", width, kv_heads * head)
        block("attn_v", width, kv_heads * head), block("attn_output", heads * head, width)
        if a != "llama":
            block("attn_q_norm", head), block("attn_k_norm", head)
        if a == "gemma3":
            block("post_attention_norm", width), block("post_ffw_norm", width)
        if experts:
            tensors[f"blk.{i}.ffn_gate_inp.weight"] = ((width, experts), "f32", None)
            block("ffn_gate_exps", width, feed, experts), block("ffn_up_exps", width, feed, experts)
            block("ffn_down_exps", feed, width, experts)
        else:
            block("ffn_gate", width, feed), block("ffn_up", width, feed), block("ffn_down", feed, width)
    write_gguf(path, fields, tensors)


def write_lora(path, base, rank, targets):
    """A LoRA adapter that is loud enough to change every answer. `targets`: {tensor: (inputs, outputs)}."""
    tensors = {}
    for name, (inputs, outputs) in targets.items():
        ones = struct.pack("<f", 1.0)
        tensors[f"{name}.lora_a"] = ((inputs, rank), "f32", ones * (inputs * rank))
        tensors[f"{name}.lora_b"] = ((rank, outputs), "f32", ones * (rank * outputs))
    write_gguf(path, {"general.architecture": base, "general.type": "adapter", "adapter.type": "lora",
                      "adapter.lora.alpha": float(rank)}, tensors)


def write_reranker(path, rows, judge):
    """A qwen3 model that ranks by the last token alone, because its layers are empty. `rows` has a vector for each
    token ("t0", "t1", …), and `judge` one for each of the answers yes and no."""
    width, vocabulary, a = len(rows[0]), len(rows), "qwen3"
    fields = {"general.architecture": a, "general.name": "reranker", f"{a}.context_length": 512, f"{a}.embedding_length": width,
              f"{a}.block_count": 1, f"{a}.feed_forward_length": 32, f"{a}.attention.head_count": 1,
              f"{a}.attention.head_count_kv": 1, f"{a}.attention.layer_norm_rms_epsilon": 1e-6, f"{a}.attention.key_length": width,
              f"{a}.attention.value_length": width, f"{a}.pooling_type": 4, f"{a}.classifier.output_labels": ["yes", "no"],
              "tokenizer.ggml.model": "llama", "tokenizer.ggml.tokens": [f"t{i}" for i in range(vocabulary)],
              "tokenizer.ggml.scores": [0.0] * vocabulary, "tokenizer.ggml.token_type": [3] * 3 + [1] * (vocabulary - 3),
              "tokenizer.ggml.bos_token_id": 1, "tokenizer.ggml.eos_token_id": 2, "tokenizer.ggml.add_bos_token": False,
              "tokenizer.ggml.add_space_prefix": False}

    def numbers(values):
        return struct.pack(f"<{len(values)}f", *values)

    def empty(*shape):
        return shape, "f32", None

    norm = ((width,), "f32", numbers([1.0] * width))
    tensors = {"token_embd.weight": ((width, vocabulary), "f32", numbers([x for row in rows for x in row])), "output_norm.weight": norm,
               "cls.output.weight": ((width, 2), "f32", numbers([x for row in judge for x in row]))}
    block = {"attn_norm": norm, "ffn_norm": norm, "attn_q_norm": norm, "attn_k_norm": norm, "attn_q": empty(width, width),
             "attn_k": empty(width, width), "attn_v": empty(width, width), "attn_output": empty(width, width),
             "ffn_gate": empty(width, 32), "ffn_up": empty(width, 32), "ffn_down": empty(32, width)}
    tensors |= {f"blk.0.{name}.weight": tensor for name, tensor in block.items()}
    write_gguf(path, fields, tensors)
