"""Which family the engine takes a model for, judged by the names of its tensors: the files have the right names and
next to no weights. Nothing can be drawn with them, but the engine says which family it sees before it finds that
out."""
import json
import os
import pathlib
import struct
import subprocess

import pytest

ENGINE = pathlib.Path(os.environ["EAI_BUILD"]) / "libexec" / "eai" / "eai-image-engine"
WAIT = 120

CLIP_L = {"text_model.embeddings.token_embedding.weight": [4, 768]}
CLIP_G = {"text_model.embeddings.token_embedding.weight": [4, 1280]}
UNET = {"conv_in.weight": [8, 4, 3, 3], "down_blocks.0.resnets.0.time_emb_proj.weight": [8, 8],
        "mid_block.attentions.0.norm.weight": [8], "mid_block.resnets.1.conv1.weight": [8, 8, 3, 3],
        "up_blocks.1.attentions.0.transformer_blocks.1.norm1.weight": [8], "up_blocks.2.attentions.1.norm.weight": [8]}
VAE = {"decoder.conv_in.weight": [8, 4, 3, 3]}
XL = {"unet/diffusion_pytorch_model": {**UNET, "add_embedding.linear_1.weight": [8, 8]}, "vae/diffusion_pytorch_model": VAE,
      "text_encoder/model": CLIP_L, "text_encoder_2/model": CLIP_G}
SD1 = {"unet/diffusion_pytorch_model": UNET, "vae/diffusion_pytorch_model": VAE, "text_encoder/model": CLIP_L}
FLUX = {"double_blocks.0.img_attn.qkv.weight": [8, 8]}


def write(path, tensors):
    header, offset = {}, 0
    for name, shape in tensors.items():
        size = 2
        for side in shape:
            size *= side
        header[name] = {"dtype": "F16", "shape": shape, "data_offsets": [offset, offset + size]}
        offset += size
    head = json.dumps(header).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack("<Q", len(head)) + head + bytes(offset))


def seen_by_engine(folder, *words):
    ended = subprocess.run([ENGINE, "--socket", folder / "s", *words], capture_output=True, text=True, timeout=WAIT,
                           stdin=subprocess.DEVNULL)
    assert ended.returncode == 1
    return next((line.split("Version: ")[1].strip() for line in ended.stderr.splitlines() if "Version: " in line), None)


@pytest.mark.parametrize("files, family", [(SD1, "SD 1.x"), (XL, "SDXL")])
def test_a_folder_of_diffusers(tmp_path, files, family):
    for name, tensors in files.items():
        write(tmp_path / "model" / (name + ".safetensors"), tensors)
    assert seen_by_engine(tmp_path, "--model", tmp_path / "model").startswith(family)


@pytest.mark.parametrize("tensors, family", [
    ({"joint_blocks.0.x_block.attn.qkv.weight": [8, 8]}, "SD3.x"), ({"transformer_blocks.0.img_mod.1.weight": [8, 8]}, "Qwen Image"),
    ({"cap_embedder.0.weight": [8]}, "Z-Image"), (FLUX, "Flux"), ({**FLUX, "img_in.weight": [8, 384]}, "Flux Fill"),
    ({"single_transformer_blocks.0.norm.linear.weight": [8, 8], "transformer_blocks.0.norm1.linear.weight": [8, 8]}, "Flux"),
    ({**FLUX, "double_stream_modulation_img.lin.weight": [8, 8]}, "Flux.2 klein"),
    ({**FLUX, "distilled_guidance_layer.in_proj.weight": [8, 8]}, "Flux"),  # Chroma looks like FLUX.1 until later
])
def test_a_diffusion_model_alone(tmp_path, tensors, family):
    write(tmp_path / "m.safetensors", tensors)
    assert seen_by_engine(tmp_path, "--diffusion-model", tmp_path / "m.safetensors") == family


@pytest.mark.parametrize("tensors, family", [
    ({"model.diffusion_model.input_blocks.0.0.weight": [8, 4, 3, 3], "model.diffusion_model.middle_block.1.norm.weight": [8],
      "first_stage_model.decoder.conv_in.weight": [8, 4, 3, 3],
      "cond_stage_model.transformer.text_model.embeddings.token_embedding.weight": [4, 768]}, "SD 1.x"),
    ({"model.diffusion_model.joint_blocks.0.x_block.attn.qkv.weight": [8, 8],
      "first_stage_model.decoder.conv_in.weight": [8, 16, 3, 3]}, "SD3.x"),
])
def test_a_checkpoint(tmp_path, tensors, family):
    write(tmp_path / "m.safetensors", tensors)
    assert seen_by_engine(tmp_path, "--model", tmp_path / "m.safetensors") == family


def test_what_is_refused_before_is_nothing_to_the_engine_either(tmp_path):
    """eai gives a reason for refusing these (model/image_model.cc); once a later engine knows them, this test fails."""
    write(tmp_path / "m.safetensors", {"transformer_blocks.0.attn.add_q_proj.weight": [8, 8]})
    assert seen_by_engine(tmp_path, "--diffusion-model", tmp_path / "m.safetensors") is None
    write(tmp_path / "m.safetensors", {"double_stream_modulation_img.linear.weight": [8, 8],
                                       "single_transformer_blocks.0.attn.to_out.weight": [8, 8]})
    assert seen_by_engine(tmp_path, "--diffusion-model", tmp_path / "m.safetensors") == "Flux", "FLUX.2 taken for FLUX.1"
