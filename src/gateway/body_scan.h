// Why: what the gateway must know of a request's JSON before an engine sees it, without building a tree of up to 64 MiB.
// Thread: any; pure function (about 1 GB/s: larger bodies belong on the pool).
// What holds: the whole body is checked to be JSON (UTF-8, depth at most k_max_depth, one value, an object). Of the
// content only the few facts below are kept.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "util/result.h"

namespace eai::gateway {

inline constexpr std::size_t k_max_depth = 128;
inline constexpr std::size_t k_model_name_limit = 512;  // bytes of the field `model` that are kept

enum class Kind { absent, null, string, number, boolean, array, object };

struct BodyFacts {
  Kind model_kind = Kind::absent;
  std::string model;    // cut at k_model_name_limit
  bool stream = false;  // "stream": true
  Kind stream_kind = Kind::absent;
  Kind messages = Kind::absent;
  std::size_t message_count = 0;
  bool messages_are_objects = true;
  Kind prompt = Kind::absent;
  Kind input = Kind::absent;
  bool input_is_empty = false;      // "" or []
  std::size_t images = 0;           // image_url parts in messages
  std::size_t remote_images = 0;    // of these with an http:// or https:// address
  std::size_t bare_image_urls = 0;  // of these with "image_url": "…" instead of {"url": "…"}
  bool remote_media = false;        // an http, https or file address elsewhere in messages, input or prompt: audio,
                                    // video, pictures of the other APIs. The engine would fetch it itself.
  std::string strange_image;        // the first address that is neither data: nor http(s):, cut
};

// Code::invalid says what is wrong, and at which byte.
Result<BodyFacts> scan_body(std::string_view json);

}  // namespace eai::gateway
