// Why: what has to be known of a request's JSON before an engine sees it, found without building a tree of up to 64
// MiB.
// Thread: any; pure function (about 1 GB/s, so larger bodies belong on the pool).
// What holds: the whole body is checked to be JSON (UTF-8, one value, an object, at most k_max_depth deep). Only the
// few facts below are kept of its content.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "util/result.h"

namespace eai::api {

inline constexpr std::size_t k_max_depth = 128;
inline constexpr std::size_t k_model_name_limit = 512;  // bytes of the field `model` that are kept
inline constexpr std::size_t k_max_image_spots = 16;    // pictures of a request that need work before an engine sees it

enum class Kind { absent, null, string, number, boolean, array, object };

// A picture's address that the engine must not see as it stands.
struct ImageSpot {
  std::size_t literal = 0;  // its index among the document's strings, keys included
  bool remote = false;      // http(s): to be replaced by a data URI
  bool bare = false;        // "image_url": "…" where the engine wants "image_url": {"url": "…"}
  bool operator==(const ImageSpot&) const = default;
};

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
  bool input_is_empty = false;   // "" or []
  std::size_t images = 0;        // pictures in messages or input, by whatever address
  std::vector<ImageSpot> spots;  // of these, in order, at most one more than k_max_image_spots
  bool remote_media = false;  // an http, https or file address of sound, film or a file in messages, input or prompt.
                              // The engine would open it itself.
  std::string strange_image;  // the first address that is neither data: nor http(s):, shortened
};

// Code::invalid says what is wrong, and at which byte.
Result<BodyFacts> scan_body(std::string_view json);

// Where these strings stand in a document that scan_body() accepted, quotes included. `spots` in ascending order.
std::vector<std::string_view> find_literals(std::string_view json, const std::vector<ImageSpot>& spots);

}  // namespace eai::api
