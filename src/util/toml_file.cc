#include "util/toml_file.h"

#include <toml++/toml.h>

#include "util/own_folder.h"
#include "util/text.h"

namespace eai {
namespace {

Result<void> flatten(const fs::path& file, const toml::table& table, std::vector<std::string> path,
                     std::vector<TomlEntry>& out);

Result<std::vector<std::string>> texts_of(const fs::path& file, const toml::array& array) {
  std::vector<std::string> out;
  for (const toml::node& item : array) {
    const auto* text = item.as_string();
    if (text == nullptr) return fail_at(file, item.source().begin.line, "a list may contain only strings in quotes");
    out.push_back(text->get());
  }
  return out;
}

Result<void> add(const fs::path& file, const toml::node& node, std::vector<std::string> path,
                 std::vector<TomlEntry>& out) {
  if (const auto* table = node.as_table()) return flatten(file, *table, std::move(path), out);
  TomlEntry entry{std::move(path), false, static_cast<std::uint32_t>(node.source().begin.line)};
  if (const auto* flag = node.as_boolean()) {
    entry.value = flag->get();
  } else if (const auto* number = node.as_integer()) {
    entry.value = number->get();
  } else if (const auto* real = node.as_floating_point()) {
    entry.value = real->get();
  } else if (const auto* text = node.as_string()) {
    entry.value = text->get();
  } else if (const auto* array = node.as_array()) {
    EAI_TRY(entry.value, texts_of(file, *array));
  } else {
    return fail_at(file, entry.line, entry.key() + " is a date or a time, which no setting accepts");
  }
  out.push_back(std::move(entry));
  return {};
}

Result<void> flatten(const fs::path& file, const toml::table& table, std::vector<std::string> path,
                     std::vector<TomlEntry>& out) {
  for (const auto& [key, node] : table) {
    std::vector<std::string> below = path;
    below.emplace_back(key.str());
    EAI_CHECK(add(file, node, std::move(below), out));
  }
  return {};
}

}  // namespace

std::string TomlEntry::key() const {
  std::string out;
  for (const std::string& part : path) out += (out.empty() ? "" : ".") + part;
  return printable(out);
}

Failure fail_at(const fs::path& file, std::uint32_t line, std::string_view what) {
  return fail(Code::invalid, file.string() + ", line " + std::to_string(line) + ": " + std::string(what));
}

Result<std::vector<TomlEntry>> read_toml(const fs::path& file) {
  EAI_TRY(const UniqueFd open, open_believable(file));
  EAI_TRY(const Bytes bytes, read_all(open.get(), file, k_mib));
  std::vector<TomlEntry> out;
  try {
    toml::table table = toml::parse(text_of(bytes), file.string());
    EAI_CHECK(flatten(file, table, {}, out));
  } catch (const toml::parse_error& error) {
    return fail_at(file, static_cast<std::uint32_t>(error.source().begin.line), printable(error.description()));
  }
  return out;
}

}  // namespace eai
