// Why: reads the events of an image engine and writes OpenAI's answers.
// Thread: any; plain values and pure functions.
// Source: image_engine/README.md; OpenAI's images API.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include "api/images_request.h"
#include "http/sse.h"
#include "util/bytes.h"

namespace eai::api {

struct ImageEvent {
  std::string kind;  // queued, started, progress, preview, image, done, error
  int image = 0, step = 0, steps = 0, position = 0, index = 0, width = 0, height = 0, n = 1, code = 500;
  std::int64_t seed = 0;
  std::string format, b64, message;
};

// The stream's bytes, in any cuts, become events. Whatever is not one of the engine's events is dropped.
class ImageEventReader {
 public:
  // Code::network: an event is larger than any picture can be.
  Result<void> feed(std::string_view bytes) { return reader_.feed(bytes); }
  std::optional<ImageEvent> next();

 private:
  http::SseReader reader_{64 * k_mib};
};

struct DrawnImage {
  std::string b64;  // or
  std::string url;  // of the file
  std::int64_t seed = 0;
  int width = 0, height = 0;
};

std::string images_answer(const ImageWish& wish, const std::string& id, const std::vector<DrawnImage>& images);

// One server-sent event: "event: …\ndata: …\n\n".
std::string partial_event(const ImageWish& wish, const ImageEvent& event);
std::string completed_event(const ImageWish& wish, const DrawnImage& image, int index);
std::string progress_event(const ImageWish& wish, const ImageEvent& event);

}  // namespace eai::api
