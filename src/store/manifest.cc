#include "store/manifest.h"

#include <algorithm>
#include <set>

#include <boost/json.hpp>

#include "util/text.h"

namespace eai::store {
namespace {

namespace json = boost::json;

constexpr std::array k_origins = {Origin::downloaded, Origin::preserved, Origin::adopted};

Failure damaged(std::string_view what) {
  return fail(Code::corrupt, std::string(k_manifest_file) + " is damaged: " + std::string(what));
}

Result<json::object> parse_document(ByteView bytes) {
  boost::system::error_code error;
  json::value document = json::parse(text_of(bytes), error);
  if (error || !document.is_object()) return damaged("it is not a JSON object");
  const json::value* format = document.get_object().if_contains("format");
  if (format == nullptr || !format->is_int64() || format->get_int64() < 1) return damaged("it has no format number");
  if (format->get_int64() > k_manifest_format) {
    return fail(Code::unsupported, "it was written by a newer version of eai (format " +
                                       std::to_string(format->get_int64()) + "; this one reads up to " +
                                       std::to_string(k_manifest_format) + ")");
  }
  return std::move(document.get_object());
}

Result<Origin> parse_origin(const json::value* value) {
  for (const Origin origin : k_origins) {
    if (value != nullptr && value->is_string() && value->get_string() == name_of(origin)) return origin;
  }
  return damaged("its origin is missing or unknown");
}

using IsAllowed = bool (*)(std::string_view name);

Result<StoredFile> parse_entry(const json::value& value, IsAllowed is_allowed) {
  const json::object* entry = value.if_object();
  if (entry == nullptr) return damaged("a file entry is not an object");
  const json::value* name = entry->if_contains("name");
  const json::value* size = entry->if_contains("size");
  const json::value* hash = entry->if_contains("sha256");
  if (name == nullptr || !name->is_string() || !is_allowed(name->get_string())) {
    return damaged("a file has no name or one that is not allowed");
  }
  StoredFile out;
  out.name = std::string(name->get_string());
  boost::system::error_code error;
  if (size != nullptr) out.size = size->to_number<std::uint64_t>(error);
  if (size == nullptr || error) return damaged(out.name + " has no size");
  auto digest = hash != nullptr && hash->is_string() ? from_hex(hash->get_string()) : std::nullopt;
  if (!digest || digest->size() != out.sha256.size()) return damaged(out.name + " has no SHA-256");
  std::copy(digest->begin(), digest->end(), out.sha256.begin());
  return out;
}

Result<std::vector<StoredFile>> parse_list(const json::value& value, IsAllowed is_allowed) {
  if (!value.is_array()) return damaged("a list of files is not a list");
  std::vector<StoredFile> out;
  std::set<std::string> seen;
  for (const json::value& entry : value.get_array()) {
    EAI_TRY(StoredFile file, parse_entry(entry, is_allowed));
    if (!seen.insert(file.name).second) return damaged("it names " + file.name + " twice");
    out.push_back(std::move(file));
  }
  return out;
}

Result<std::vector<StoredFile>> parse_files(const json::value* value) {
  if (value == nullptr || !value->is_array() || value->get_array().empty()) return damaged("it names no files");
  return parse_list(*value, is_allowed_name);
}

json::object entry_of(const StoredFile& file) {
  return {{"name", file.name}, {"size", file.size}, {"sha256", to_hex(file.sha256)}};
}

json::array list_of(const std::vector<StoredFile>& files) {
  json::array out;
  for (const StoredFile& file : files) out.push_back(entry_of(file));
  return out;
}

Result<std::vector<std::string>> parse_damaged(const json::value* value, const std::vector<StoredFile>& files) {
  std::vector<std::string> out;
  if (value == nullptr) return out;
  if (!value->is_array()) return damaged("its list of damaged files is not a list");
  for (const json::value& name : value->get_array()) {
    const auto is_named = [&](const StoredFile& file) { return name.is_string() && file.name == name.get_string(); };
    if (std::none_of(files.begin(), files.end(), is_named)) {
      return damaged("its list of damaged files names something else than its files");
    }
    out.emplace_back(name.get_string());
  }
  return out;
}

}  // namespace

std::string_view name_of(Origin origin) {
  switch (origin) {
    case Origin::downloaded:
      return "downloaded";
    case Origin::preserved:
      return "preserved";
    case Origin::adopted:
      return "adopted";
  }
  return "downloaded";
}

std::string to_json(const Manifest& manifest) {
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(manifest.created.time_since_epoch());
  json::object out{{"format", k_manifest_format},
                   {"origin", name_of(manifest.origin)},
                   {"created", static_cast<std::int64_t>(seconds.count())},
                   {"files", list_of(manifest.files)}};
  if (manifest.trees) out["trees"] = list_of(*manifest.trees);
  if (manifest.leaves) out["leaves"] = entry_of(*manifest.leaves);
  if (!manifest.damaged.empty()) out["damaged"] = json::array(manifest.damaged.begin(), manifest.damaged.end());
  return json::serialize(out);
}

Result<Manifest> parse_manifest(ByteView bytes) {
  EAI_TRY(const json::object object, parse_document(bytes));
  Manifest out;
  EAI_TRY(out.origin, parse_origin(object.if_contains("origin")));
  const json::value* created = object.if_contains("created");
  if (created == nullptr || !created->is_int64()) return damaged("it has no date");
  out.created = std::chrono::system_clock::time_point(std::chrono::seconds(created->get_int64()));
  EAI_TRY(out.files, parse_files(object.if_contains("files")));
  if (const json::value* trees = object.if_contains("trees")) {
    EAI_TRY(out.trees, parse_list(*trees, is_tree_name));
  }
  if (const json::value* leaves = object.if_contains("leaves")) {
    EAI_TRY(out.leaves, parse_entry(*leaves, [](std::string_view name) { return name == k_leaves_file; }));
  }
  EAI_TRY(out.damaged, parse_damaged(object.if_contains("damaged"), out.files));
  return out;
}

Result<std::string> with_damage(ByteView bytes, const std::vector<std::string>& names) {
  EAI_TRY(json::object object, parse_document(bytes));
  if (names.empty()) {
    object.erase("damaged");
  } else {
    object["damaged"] = json::array(names.begin(), names.end());
  }
  return json::serialize(object);
}

Result<std::string> with_leaves(ByteView bytes, const StoredFile& leaves) {
  EAI_TRY(json::object object, parse_document(bytes));
  object["leaves"] = entry_of(leaves);
  return json::serialize(object);
}

}  // namespace eai::store
