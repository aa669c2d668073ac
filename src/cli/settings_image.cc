// [image]: what `eai image` draws, and two settings of the server's image models.
#include "cli/settings_rows.h"

namespace eai::cli {

std::vector<Setting> image_settings() {
  using S = ImageSettings;
  const Rows<S> in(&Config::image);
  return {
      in.flag("image.metadata", "EAI_IMAGE_METADATA", "--image-metadata", &S::metadata,
              "Write the prompt, the seed and the steps into the server's PNG files"),
      in.flag("image.offload", "EAI_IMAGE_OFFLOAD", "--image-offload", &S::offload,
              "Keep the weights of image models in RAM and move them to the GPU when they are needed"),
      in.text("image.output", "EAI_IMAGE_OUTPUT", "-o,--output", &S::output, "File to write; - is standard output",
              {.value_name = "FILE", .usual = "named after the prompt"}),
      in.text("image.model", "EAI_IMAGE_MODEL", "-m,--model", &S::model, "Name or hash of the model that draws",
              {.value_name = "MODEL", .usual = "the one being served, else the first one here"}),
      in.text("image.size", "EAI_IMAGE_SIZE", "--size", &S::size, "Size in pixels, such as 1024x768",
              {.value_name = "WxH", .usual = "the model's own"}),
      in.number("image.steps", "EAI_IMAGE_STEPS", "--steps", &S::steps, "Drawing steps; 0: the model's own number",
                {.highest = 200}),
      in.text("image.seed", "EAI_IMAGE_SEED", "--seed", &S::seed, "The same seed draws the same picture",
              {.value_name = "NUMBER", .usual = "random"}),
      in.number("image.n", "EAI_IMAGE_N", "-n,--n", &S::count, "Pictures to draw, each with the next seed",
                {.lowest = 1, .highest = 10}),
      in.text("image.negative_prompt", "EAI_IMAGE_NEGATIVE_PROMPT", "--negative-prompt", &S::negative_prompt,
              "What the picture should not show", {.value_name = "TEXT"}),
      in.text("image.guidance", "EAI_IMAGE_GUIDANCE", "--guidance", &S::guidance, "How closely to follow the prompt",
              {.value_name = "NUMBER", .usual = "the model's own"}),
      in.text("image.quality", "EAI_IMAGE_QUALITY", "--quality", &S::quality,
              "Fewer or more steps, if --steps is not given",
              {.choices = {"low", "medium", "high"}, .value_name = "QUALITY"}),
      in.text(
          "image.format", "EAI_IMAGE_FORMAT", "--format", &S::format, "Format of the file",
          {.choices = {"png", "jpeg", "webp"}, .value_name = "FORMAT", .usual = "by the file's extension, else png"}),
      in.number("image.compression", "EAI_IMAGE_COMPRESSION", "--compression", &S::compression,
                "Quality of jpeg and webp, in percent", {.highest = 100}),
      in.text("image.picture", "EAI_IMAGE_PICTURE", "--image", &S::picture,
              "A picture to change, instead of starting from nothing", {.value_name = "FILE"}),
      in.text("image.mask", "EAI_IMAGE_MASK", "--mask", &S::mask,
              "A picture of the same size that is transparent where the picture is to be changed",
              {.value_name = "FILE"}),
      in.text("image.strength", "EAI_IMAGE_STRENGTH", "--strength", &S::strength,
              "How far the change may go, above 0 and up to 1", {.value_name = "NUMBER"}),
      in.flag("image.preview", "EAI_IMAGE_PREVIEW", "--preview,!--no-preview", &S::preview,
              "Show the picture while it is drawn, in terminals that can"),
      in.flag("image.force", "EAI_IMAGE_FORCE", "--force", &S::force, "Replace the file if it exists"),
  };
}

}  // namespace eai::cli
