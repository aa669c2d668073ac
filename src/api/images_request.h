// Why: what a client of the images API wants, checked before a model is loaded for it and told to the engine in its own
// words.
// Thread: any; pure functions. parse_image_form() reads pictures, which blocks for a second or two.
// What holds: pictures are upright and of a kind that the engine reads (picture.h). The engine checks again what only the model can tell (the sizes it draws). Nothing that a client sends
// reaches the engine except the fields named there.
// Source: OpenAI's images API; image_engine/README.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "util/result.h"

namespace eai::api {

enum class ImageAct { generation, edit, variation };

struct ImageWish {
  ImageAct act = ImageAct::generation;
  std::string model;  // as the client named it; empty if it did not
  std::string id;     // for progress; empty if none was given
  std::string format = "png";
  std::string quality = "auto";
  int n = 1;
  int partial_images = 0;
  bool stream = false;
  bool as_url = false;
  bool progress = false;             // a stream tells every step (our own addition to OpenAI's events)
  std::vector<std::string> ignored;  // fields without effect
  std::string engine_body;           // JSON for POST /generate
  std::uint64_t shape = 0;           // of the request (shape.h)
};

// Body of POST /v1/images/generations. Code::invalid is about the field at fault.
Result<ImageWish> parse_generation(std::string json);

// Form of POST /v1/images/edits and /v1/images/variations.
Result<ImageWish> parse_image_form(ImageAct act, std::string_view content_type, std::string_view body);

}  // namespace eai::api
