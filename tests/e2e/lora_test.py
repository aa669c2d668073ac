"""A LoRA is a folder that names another model by its hash; it is fetched with that model and used on top of it."""
import pytest
from flux import engines, flux, make_flux, serve, source  # noqa: F401
from images_test import picture


def lora(source, base, name, scale):
    return source.preserve(make_flux(source.folder / name, "--lora", base, "--scale", str(scale)), "--lora")


def test_its_base_comes_with_it_and_its_scale_counts(eai, source, flux):
    strong, weak, none = (lora(source, flux, f"lora-{k}", scale) for k, scale in enumerate((1.0, 0.5, 0.0)))
    eai("model", "download", "--hash", strong, *source.sources())
    assert {m["hash"] for m in eai.json("model", "list")["models"]} == {strong, flux}
    server = serve(eai, "--hash", f"{strong},{weak},{none},{flux}", *source.sources())
    drawn = [picture(server, seed=7, model=model) for model in (strong, weak, none, flux)]
    assert len(set(drawn[:3])) == 3, "the scale changed nothing"
    assert drawn[2] == drawn[3], "a scale of nothing is the base alone"
    assert drawn[0] == picture(server, seed=7, model=strong)
    assert engines(eai)["lora-0"]["memory_arithmetic"]["companions"] > 0


def test_without_its_base_it_is_not_run(eai, source, flux):
    model = lora(source, flux, "alone", 1.0)
    eai("model", "download", "--hash", model, *source.sources())
    eai("model", "stop")
    eai("model", "remove", "--hash", flux)
    left_out = eai("model", "serve", "--main-hash", model, "--port", "0", status=3)
    assert flux in left_out.stderr
    eai("model", "run", "--hash", model, "--port", "0", *source.sources())
    assert flux in {m["hash"] for m in eai.json("model", "list")["models"]}, "run fetches it again"


@pytest.mark.parametrize("change, said", [
    (lambda text: text.replace("adapter.", "other."), "other.safetensors"),
    (lambda text: text.replace("bafk", "nohash"), "base_model"),
    (lambda text: text.replace("base_model", "base"), "base_model"),
    (lambda text: text.replace("[1.0]", "[1.0, 2.0]"), "lora_scales"),
    (None, "metadata.json"),
])
def test_a_folder_that_would_not_run_is_not_preserved(source, flux, tmp_path, change, said):
    folder = make_flux(tmp_path / "broken", "--lora", flux)
    file = folder / "metadata.json"
    if change is None:
        file.unlink()
    else:
        file.write_text(change(file.read_text()))
    refused = source.eai("model", "preserve", folder, "--task", "image-generation", "--lora", "--dry-run", status=2)
    assert said in refused.stderr


def test_a_lora_of_a_lora_is_refused(eai, source, flux):
    first = lora(source, flux, "first", 1.0)
    second = lora(source, first, "second", 1.0)
    refused = eai("model", "run", "--hash", second, "--port", "0", "--force", *source.sources(), status=2)
    assert "is itself a LoRA" in refused.stderr
