// Why: a request to draw, whose fields are all checked before it enters the queue.
// Thread: any thread may call parse_job(). The server's thread fills a Job and the studio's thread reads it; both may use
// `cancelled`.
// What holds: the prompt is text, and nothing in it is a command. README.md lists the fields and their bounds.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "options.h"
#include "picture.h"

namespace eai::image_engine {

inline constexpr std::size_t k_prompt_limit = 32000;           // bytes
inline constexpr std::size_t k_prompt_used = 8192;             // bytes; no model was trained on so many
inline constexpr std::int64_t k_seed_limit = (1LL << 53) - 1;  // exact in every reader of JSON
inline constexpr std::int64_t k_photo_pixels = 32'000'000;     // of a picture that is sent
inline constexpr int k_count_limit = 10, k_steps_limit = 200, k_preview_limit = 3, k_reference_limit = 8;

struct Request {
  std::string prompt, negative_prompt;
  int n = 1;
  int width = 0, height = 0;  // pixels
  int steps = 0;
  std::int64_t seed = 0;
  float guidance = 0, cfg_scale = 0, strength = 0.75F;
  std::vector<Picture> images;  // RGB
  Picture mask;                 // grey, empty when none
  Encoding encoding;
  int previews = 0;
};

struct Job {
  Request request;
  std::atomic<bool> cancelled = false;
};

// What was wrong, and with which field.
struct BadRequest {
  std::string param;
  std::string message;
};

// Bytes of pixels that a job holds while it waits.
std::size_t held_by(const Request& request);

tl::expected<Request, BadRequest> parse_request(std::string_view json, const Options& options);

}  // namespace eai::image_engine
