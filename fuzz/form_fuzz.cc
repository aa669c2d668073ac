// Forms with pictures, and the JSON of requests for images.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "api/image_events.h"
#include "api/images_request.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace eai::api;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)parse_image_form(ImageAct::edit, "multipart/form-data; boundary=b", text);
  std::size_t line = text.find('\n');
  if (line != std::string_view::npos)
    (void)parse_image_form(ImageAct::variation, text.substr(0, line), text.substr(line + 1));
  (void)parse_generation(std::string(text));
  ImageEventReader reader;
  reader.feed(text);
  while (reader.next()) {
  }
  return 0;
}
