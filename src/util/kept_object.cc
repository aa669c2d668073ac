#include "util/kept_object.h"

#include <boost/json.hpp>

#include "util/own_folder.h"
#include "util/text.h"

namespace eai {

boost::json::object read_kept_object(const fs::path& file, std::uint64_t limit) {
  if (file.empty()) return {};
  const auto open = open_believable(file);
  if (!open) return {};
  const auto bytes = read_all(open->get(), file, limit);
  if (!bytes) return {};
  boost::system::error_code error;
  auto value = boost::json::parse(text_of(*bytes), error);
  if (error || !value.is_object()) return {};
  return std::move(value.get_object());
}

}  // namespace eai
