#include "cli/chat_history.h"

#include <boost/json.hpp>

#include "util/own_folder.h"

namespace eai::cli {
namespace {

namespace json = boost::json;

constexpr const char* k_file = "chat_history";
constexpr std::size_t k_lines = 1000;
constexpr std::size_t k_longest = 64 * k_kib;  // a longer line is not kept
constexpr std::uint64_t k_limit = 256 * k_mib;

std::string line_of(const std::string& text) { return json::serialize(json::value(text)) + "\n"; }

}  // namespace

std::vector<std::string> ChatHistory::load() const {
  std::vector<std::string> out;
  const auto folder = OwnFolder::open(folder_, Privacy::secret);
  if (!folder) return out;
  const auto bytes = folder->read(k_file, k_limit);
  if (!bytes) return out;
  std::string_view rest = text_of(*bytes);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    boost::system::error_code wrong;
    const json::value value = json::parse(rest.substr(0, end), wrong);
    if (!wrong && value.is_string()) out.emplace_back(value.get_string());
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (out.size() <= k_lines) return out;
  const bool grown = out.size() > 2 * k_lines;
  out.erase(out.begin(), out.end() - static_cast<std::ptrdiff_t>(k_lines));
  std::string text;
  for (const std::string& line : out) text += line_of(line);
  if (grown) (void)folder->write(k_file, view_of(text));
  return out;
}

Result<void> ChatHistory::add(const std::string& line) const {
  if (line.empty() || line.size() > k_longest) return {};
  EAI_TRY(const OwnFolder folder, OwnFolder::make(folder_, Privacy::secret));
  EAI_TRY(const UniqueFd file, folder.open_file(k_file, O_WRONLY | O_APPEND | O_CREAT));
  return write_all(file.get(), view_of(line_of(line)));
}

}  // namespace eai::cli
