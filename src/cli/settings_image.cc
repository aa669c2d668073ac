// [image]: for `eai image`, and two for the server.
#include "cli/settings_rows.h"

namespace eai::cli {

std::vector<Setting> image_settings() {
  using S = ImageSettings;
  const Rows<S> in(&Config::image);
  return {
      in.flag("image.metadata", "EAI_IMAGE_METADATA", "--image-metadata", &S::metadata,
              "PNG files of a server's pictures tell the words, the seed and the steps"),
      in.flag("image.offload", "EAI_IMAGE_OFFLOAD", "--image-offload", &S::offload,
              "Weights of image models stay in RAM and go to the GPU when they are needed"),
      in.text("image.output", "EAI_IMAGE_OUTPUT", "-o,--output", &S::output,
              "File to write; - is standard output; default: named after the words", {.value_name = "FILE"}),
      in.text("image.model", "EAI_IMAGE_MODEL", "-m,--model", &S::model,
              "Name or hash of the model that draws; default: the one that is served, else the first here",
              {.value_name = "MODEL"}),
      in.text("image.size", "EAI_IMAGE_SIZE", "--size", &S::size,
              "Pixels, such as 1024x768; default: as the model has it", {.value_name = "WxH"}),
      in.number("image.steps", "EAI_IMAGE_STEPS", "--steps", &S::steps, "Steps of drawing; 0: as the model has it",
                {.highest = 200}),
      in.text("image.seed", "EAI_IMAGE_SEED", "--seed", &S::seed,
              "The same seed draws the same picture; default: random", {.value_name = "NUMBER"}),
      in.number("image.n", "EAI_IMAGE_N", "-n,--n", &S::count, "Pictures to draw, each with the next seed",
                {.lowest = 1, .highest = 10}),
      in.text("image.negative_prompt", "EAI_IMAGE_NEGATIVE_PROMPT", "--negative-prompt", &S::negative_prompt,
              "What the picture shall not show", {.value_name = "TEXT"}),
      in.text("image.guidance", "EAI_IMAGE_GUIDANCE", "--guidance", &S::guidance,
              "How closely the words are followed; default: as the model has it", {.value_name = "NUMBER"}),
      in.text("image.quality", "EAI_IMAGE_QUALITY", "--quality", &S::quality, "Without --steps: fewer or more of them",
              {.choices = {"low", "medium", "high"}, .value_name = "QUALITY"}),
      in.text("image.format", "EAI_IMAGE_FORMAT", "--format", &S::format,
              "Format of the file; default: by its ending, else png",
              {.choices = {"png", "jpeg", "webp"}, .value_name = "FORMAT"}),
      in.number("image.compression", "EAI_IMAGE_COMPRESSION", "--compression", &S::compression,
                "Quality of jpeg and webp", {.highest = 100}),
      in.text("image.picture", "EAI_IMAGE_PICTURE", "--image", &S::picture,
              "A picture to change instead of beginning with none", {.value_name = "FILE"}),
      in.text("image.mask", "EAI_IMAGE_MASK", "--mask", &S::mask,
              "Where it is changed: where this picture of its size is transparent", {.value_name = "FILE"}),
      in.text("image.strength", "EAI_IMAGE_STRENGTH", "--strength", &S::strength,
              "How far the change may go, above 0 and up to 1", {.value_name = "NUMBER"}),
      in.flag("image.preview", "EAI_IMAGE_PREVIEW", "--preview,!--no-preview", &S::preview,
              "Show the picture while it is drawn, in terminals that can (default)"),
      in.flag("image.force", "EAI_IMAGE_FORCE", "--force", &S::force, "Replace the file if it is there"),
  };
}

}  // namespace eai::cli
